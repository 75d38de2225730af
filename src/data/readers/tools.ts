import { readPythonLiteral } from "../../core/python-literal.js";
import type { Tool } from "../../core/trajectory.js";
import { isStackOverflow, refuseDeep } from "../nested-too-deeply.js";
import { isObject, type JsonObject } from "./reader.js";
import { readParameters } from "./tool-schema.js";

/** Reason and detail of a record whose tools are the text of no list. */
export const BROKEN_TOOLS = [
  "broken_tools",
  "the text of the tools is neither JSON nor a Python literal",
] as const;

/** Tools of an OpenAI or ToolBench list: bare, in a `{type, function}` wrapper, or as JSON or Python text of the list or of one tool after the other. Null where there is no list, "broken" where the text cannot be read. */
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
    const value: unknown = refuseDeep(JSON.parse(text));
    return isObject(value) ? [value] : value;
  } catch (error) {
    if (isStackOverflow(error)) throw error;
    const values = readLiterals(text);
    return values.length === 1 && !isObject(values[0]) ? values[0] : values;
  }
}

/** JSON or Python literals, one after the other. */
function readLiterals(text: string): unknown[] {
  const values: unknown[] = [];
  let rest = 0;
  while (rest < text.length) {
    if (/[\s,]/.test(text[rest] ?? "")) {
      rest += 1;
      continue;
    }
    const { value, end } = readPythonLiteral(text, rest);
    values.push(value);
    rest = end;
  }
  return values;
}

function readTool(tool: JsonObject, name: string): Tool {
  const description = typeof tool.description === "string" ? tool.description : "";
  return { name, description, parameters: readParameters(tool) };
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
