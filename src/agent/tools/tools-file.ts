import { readFile } from "node:fs/promises";
import { dirname, extname, resolve } from "node:path";
import { z } from "zod";
import { explainSystemError, MllmError } from "../../core/errors.js";
import { messageOf } from "./describe-result.js";
import { parseData } from "./parse-data.js";
import { ApiEntry } from "./virtual-tools.js";

const Limits = {
  /** Of one call. */
  timeoutSeconds: z.number().positive().max(86_400).optional(),
  /** Of what the model is shown of one result. */
  maxCharacters: z.int().min(64).optional(),
  /** Of what is read of one answer. */
  maxBytes: z.int().positive().optional(),
};

const Words = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String));

/** Other programs read these, too, and write keys of their own. */
const McpServerEntry = z
  .looseObject({
    command: z.string().min(1).optional(),
    args: z.array(z.string()).default([]),
    env: Words.default({}),
    cwd: z.string().optional(),
    url: z.string().optional(),
    headers: Words.default({}),
    disabled: z.boolean().default(false),
    ...Limits,
  })
  .refine(
    ({ command, url }) => (command === undefined) !== (url === undefined),
    "needs either a command or a url",
  );

const Auth = z.strictObject({
  bearer: z.string().min(1).optional(),
  basic: z.strictObject({ user: z.string(), password: z.string() }).optional(),
  headers: Words.default({}),
  query: Words.default({}),
});

const OpenApiEntry = z.strictObject({
  /** A path or an address. */
  document: z.string().min(1),
  baseUrl: z.string().optional(),
  auth: Auth.default({ headers: {}, query: {} }),
  ...Limits,
});

const ModuleEntry = z.strictObject({ path: z.string().min(1), ...Limits });

const VirtualEntry = z.strictObject({
  url: z.string().min(1),
  /** ToolBench's folder of documents, a file of queries or of APIs, or the APIs themselves; else the server's own list. */
  tools: z.union([z.string().min(1), z.array(ApiEntry).min(1)]).optional(),
  toolbenchKey: z.string().default(""),
  ...Limits,
});

const ToolsFile = z.strictObject({
  mcpServers: z.record(z.string(), McpServerEntry).default({}),
  openapi: z
    .array(z.union([z.string().transform((document) => OpenApiEntry.parse({ document })), OpenApiEntry]))
    .default([]),
  modules: z
    .array(z.union([z.string().transform((path) => ModuleEntry.parse({ path })), ModuleEntry]))
    .default([]),
  virtual: VirtualEntry.optional(),
  /** Recorded trajectories, in any format that is known. */
  replay: z.string().min(1).optional(),
  allow: z.array(z.string()).default([]),
  deny: z.array(z.string()).default([]),
  readOnly: z.array(z.string()).default([]),
  consent: z.array(z.string()).default([]),
  ...Limits,
});

type Contents = z.infer<typeof ToolsFile>;
export type McpServerEntry = z.infer<typeof McpServerEntry>;
export type OpenApiEntry = z.infer<typeof OpenApiEntry>;
export type VirtualEntry = z.infer<typeof VirtualEntry>;

export interface ToolsConfig extends Contents {
  /** Paths in the file are relative to it. */
  folder: string;
}

/**
 * Reads a file of tools, JSON or YAML. A JavaScript module, an OpenAPI document and another program's MCP
 * configuration are files of tools as they are.
 */
export async function readToolsFile(path: string, cwd: string): Promise<ToolsConfig> {
  const absolute = resolve(cwd, path);
  const folder = dirname(absolute);
  if (/^\.[mc]?js$/.test(extname(absolute))) return parseToolsConfig({ modules: [absolute] }, folder, path);
  const text = await readFile(absolute, "utf8").catch((error: unknown) => {
    throw explainSystemError(error, `tools ${path}`);
  });
  const value = parse(text, path);
  if (isObject(value) && "openapi" in value && "paths" in value) {
    return parseToolsConfig({ openapi: [absolute] }, folder, path);
  }
  return parseToolsConfig(value, folder, path);
}

function parse(text: string, path: string): unknown {
  try {
    return parseData(text);
  } catch (error) {
    throw badTools(path, [messageOf(error)]);
  }
}

/** `where` is for messages. */
export function parseToolsConfig(value: unknown, folder: string, where: string): ToolsConfig {
  const parsed = ToolsFile.safeParse(withoutForeignKeys(value));
  if (!parsed.success) {
    throw badTools(
      where,
      parsed.error.issues.map(({ path, message }) => `${path.join(".") || "(top level)"}: ${message}`),
    );
  }
  const { mcpServers, openapi, modules, virtual, replay } = parsed.data;
  const isEmpty = Object.keys(mcpServers).length + openapi.length + modules.length === 0;
  if (isEmpty && virtual === undefined && replay === undefined) throw badTools(where, ["it names no tools"]);
  return { ...parsed.data, folder };
}

const OWN_KEYS = Object.keys(ToolsFile.shape);

/** A file that has `mcpServers` and nothing else of ours belongs to another program. */
function withoutForeignKeys(value: unknown): unknown {
  if (!isObject(value) || !("mcpServers" in value)) return value;
  const isForeign = OWN_KEYS.every((key) => key === "mcpServers" || !(key in value));
  return isForeign ? { mcpServers: value.mcpServers } : value;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function badTools(path: string, faults: string[]): MllmError {
  return new MllmError(
    "bad_input",
    [`tools ${path} cannot be used:`, ...faults.map((fault) => `  ${fault}`)].join("\n"),
    {
      hint: "docs/tools.md shows what such a file may say.",
    },
  );
}
