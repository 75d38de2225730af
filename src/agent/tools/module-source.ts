import { access } from "node:fs/promises";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { explainSystemError, MllmError } from "../../core/errors.js";
import type { Observation } from "../tool-box.js";
import { describeValue, messageOf } from "./describe-result.js";
import { describeMcpResult, isMcpResult } from "./mcp-result.js";
import { toParameters } from "./module-schema.js";
import type { SourceLimits, SourceTool, ToolSource } from "./tool-source.js";

/** What a module may say of a tool, as an object or as properties of a function. */
interface ModuleTool {
  name?: unknown;
  description?: unknown;
  inputSchema?: unknown;
  parameters?: unknown;
  /** As in MCP. */
  annotations?: { readOnlyHint?: unknown; destructiveHint?: unknown };
  execute(values: Record<string, unknown>, options: { signal: AbortSignal }): unknown;
}

/**
 * Tools of a JavaScript module: every export that is a tool, a list of tools, or a function with a schema. A tool is
 * `{name, description, inputSchema or parameters, execute(arguments, {signal})}`; without a name it has its export's.
 */
export async function openModuleSource(path: string, limits: SourceLimits): Promise<ToolSource> {
  const name = `module:${basename(path)}`;
  const found = Object.entries(await load(path)).flatMap(([key, value]) => readExport(key, value));
  // Modules export the same tool under several names.
  const tools = [...new Map(found.map(({ key, tool }) => [tool, key]))].map(([tool, key]) =>
    toTool(tool, key, path),
  );
  if (tools.length === 0) {
    throw new MllmError("bad_input", `${path} exports no tool`, {
      hint: "Export {name, description, inputSchema, execute} or a list of such objects.",
    });
  }
  return { name, tools, limits, close: async () => {} };
}

async function load(path: string): Promise<Record<string, unknown>> {
  // A module that is missing and one whose imports are missing have the same error of Node's.
  await access(path).catch((error) => {
    throw explainSystemError(error, path);
  });
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    throw new MllmError("bad_input", `${path} cannot be loaded: ${messageOf(error)}`, {
      hint: "Tool modules are JavaScript that Node runs as it is.",
      cause: error,
    });
  }
}

function readExport(key: string, value: unknown): { key: string | null; tool: ModuleTool }[] {
  if (Array.isArray(value)) return value.filter(isTool).map((tool) => ({ key: null, tool }));
  if (isTool(value)) return [{ key: key === "default" ? null : key, tool: value }];
  // A default export may hold tools by name.
  const isRecord =
    typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  if (!isRecord) return [];
  return Object.entries(value).flatMap(([name, each]) => (isTool(each) ? [{ key: name, tool: each }] : []));
}

function isTool(value: unknown): value is ModuleTool {
  if (typeof value === "function") return "inputSchema" in value || "parameters" in value;
  return (
    typeof value === "object" && value !== null && "execute" in value && typeof value.execute === "function"
  );
}

function toTool(tool: ModuleTool, key: string | null, path: string): SourceTool {
  const name = typeof tool.name === "string" && tool.name !== "" ? tool.name : key;
  if (name === null) throw new MllmError("bad_input", `${path} exports a tool without a name`);
  const parameters = toParameters(tool.inputSchema ?? tool.parameters);
  if (parameters === null) {
    throw new MllmError("bad_input", `${path}: the schema of ${name} is no JSON Schema of an object`);
  }
  const isReadOnly = tool.annotations?.readOnlyHint === true;
  const execute = typeof tool === "function" ? (tool as ModuleTool["execute"]) : tool.execute.bind(tool);
  return {
    name,
    description: typeof tool.description === "string" ? tool.description : "",
    parameters,
    isRepeatable: isReadOnly,
    // The user's own code is trusted unless it warns.
    isDestructive: !isReadOnly && tool.annotations?.destructiveHint === true,
    isChecked: true,
    run: async ({ values }, signal) => describeReturned(await execute(values, { signal })),
  };
}

function describeReturned(value: unknown): Observation {
  return isMcpResult(value) ? describeMcpResult(value) : describeValue(value);
}
