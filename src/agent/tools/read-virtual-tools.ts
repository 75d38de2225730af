import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { explainSystemError, MllmError } from "../../core/errors.js";
import { ApiEntry, entriesOf, ToolDocument, toVirtualTool, type VirtualTool } from "./virtual-tools.js";

const Queries = z.array(z.union([ApiEntry, z.looseObject({ api_list: z.array(ApiEntry) })]));

/** The APIs of ToolBench's folder `tools/<category>/<tool>.json`, of one category of it, or of a file of queries or APIs. */
export async function readVirtualTools(path: string): Promise<VirtualTool[]> {
  const entries = await readEntries(path).catch((error: unknown) => {
    throw explainSystemError(error, path);
  });
  return toTools(entries, path);
}

/** The APIs of a text that holds queries or APIs; `where` is for messages. */
export function parseVirtualTools(text: string, where: string): VirtualTool[] {
  return toTools(parseQueries(text, where), where);
}

function toTools(entries: readonly ApiEntry[], where: string): VirtualTool[] {
  const distinct = new Map(
    entries.map((entry) => [`${entry.category_name}\n${entry.tool_name}\n${entry.api_name}`, entry]),
  );
  if (distinct.size === 0) throw new MllmError("bad_input", `${where} describes no API`);
  return [...distinct.values()].map(toVirtualTool);
}

const parseQueries = (text: string, where: string): ApiEntry[] =>
  parse(Queries, text, where).flatMap((each) =>
    "api_list" in each ? (each.api_list as ApiEntry[]) : [each as ApiEntry],
  );

async function readEntries(path: string): Promise<ApiEntry[]> {
  if (!(await stat(path)).isDirectory()) return parseQueries(await readFile(path, "utf8"), path);
  const children = (await readdir(path, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const entries: ApiEntry[] = [];
  for (const child of children) {
    const full = join(path, child.name);
    if (child.isDirectory()) entries.push(...(await readEntries(full)));
    else if (child.name.endsWith(".json")) {
      entries.push(...entriesOf(parse(ToolDocument, await readFile(full, "utf8"), full), basename(path)));
    }
  }
  return entries;
}

function parse<Schema extends z.ZodType>(schema: Schema, text: string, path: string): z.infer<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new MllmError("bad_input", `${path} is not valid JSON`, { cause: error });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new MllmError(
    "bad_input",
    `${path}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is wrong"}`,
    {
      hint: "Expected are ToolBench's documents of tools, or a list of queries with their api_list.",
    },
  );
}
