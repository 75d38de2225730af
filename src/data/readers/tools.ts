import type { Tool } from "../../core/trajectory.js";
import { isStackOverflow } from "../nested-too-deeply.js";
import { parsePythonLiteral } from "../parse-python-literal.js";
import { isObject, type JsonObject } from "./reader.js";

/** Reason and detail of a record whose tools are the text of no list. */
export const BROKEN_TOOLS = [
  "broken_tools",
  "the text of the tools is neither JSON nor a Python literal",
] as const;

/** Tools of an OpenAI or ToolBench list: bare, in a `{type, function}` wrapper, or the list as JSON or Python text. Null where there is no list, "broken" where the text cannot be read. */
export function readTools(recorded: unknown): Tool[] | null | "broken" {
  if (typeof recorded === "string") return recorded.trim() === "" ? [] : readToolsText(recorded);
  if (!Array.isArray(recorded)) return null;
  return recorded.flatMap((entry: unknown) => {
    if (!isObject(entry)) return [];
    const tool = isObject(entry.function) ? entry.function : entry;
    return typeof tool.name === "string" && tool.name !== "Finish" ? [readTool(tool, tool.name)] : [];
  });
}

function readToolsText(text: string): Tool[] | null | "broken" {
  try {
    return readTools(parseToolsText(text));
  } catch (error) {
    if (isStackOverflow(error)) throw error;
    return "broken";
  }
}

function parseToolsText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return parsePythonLiteral(text);
  }
}

function readTool(tool: JsonObject, name: string): Tool {
  const parameters = isObject(tool.parameters) ? tool.parameters : { type: "object", properties: {} };
  return { name, description: typeof tool.description === "string" ? tool.description : "", parameters };
}

/** α-UMi's tools: `{Name, function, input: {argument: "type, description"}}`. */
export function readAlphaUmiTools(recorded: unknown): Tool[] | null {
  if (!Array.isArray(recorded)) return null;
  return recorded.flatMap((entry: unknown) => {
    if (!isObject(entry) || typeof entry.Name !== "string") return [];
    const input = isObject(entry.input) ? entry.input : {};
    const properties = Object.fromEntries(
      Object.entries(input).map(([name, text]) => [name, readArgument(text)]),
    );
    const description = typeof entry.function === "string" ? entry.function : "";
    return [{ name: entry.Name, description, parameters: { type: "object", properties } }];
  });
}

function readArgument(text: unknown): JsonObject {
  if (typeof text !== "string") return {};
  const [, type = text, description] = /^([^,]*), ([\s\S]*)$/.exec(text) ?? [];
  return description === undefined ? { type } : { type, description };
}
