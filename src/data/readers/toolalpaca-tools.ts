import type { Tool } from "../../core/trajectory.js";
import { parseLenientJson } from "../parse-lenient-json.js";
import { isObject, type JsonObject } from "./reader.js";
import { readType } from "./tool-schema.js";

/** ToolAlpaca's `Function_Description`: `{name: "text\nParameters: {argument: text}\nOutput: text"}`. Null where there is none. */
export function readToolAlpacaTools(recorded: unknown): Tool[] | null {
  if (!isObject(recorded)) return null;
  return Object.entries(recorded).flatMap(([name, text]) =>
    // The shapes that outputs refer to stand beside the functions.
    name === "components" || typeof text !== "string" ? [] : [readTool(name, text)],
  );
}

const PARAMETERS = "\nParameters: ";

function readTool(name: string, text: string): Tool {
  const start = text.indexOf(PARAMETERS);
  if (start < 0) return { name, description: text.trim(), parameters: { type: "object", properties: {} } };
  const [line = "", ...after] = text.slice(start + PARAMETERS.length).split("\n");
  const description = [text.slice(0, start), ...after].join("\n").trim();
  const parsed = parseLenientJson(line)?.value;
  return { name, description, parameters: readParameters(isObject(parsed) ? parsed : {}) };
}

function readParameters(recorded: JsonObject): JsonObject {
  const required: string[] = [];
  const properties = Object.entries(recorded).map(([name, text]) => {
    if (typeof text !== "string") return [name, {}];
    const [, needed, type = "", description = ""] =
      /^(Required\.\s*)?([A-Za-z]+)?([\s\S]*)$/.exec(text) ?? [];
    if (needed !== undefined) required.push(name);
    const said = description.replace(/^\.\s*/, "").trim();
    return [name, { ...readType(type).schema, ...(said !== "" && { description: said }) }];
  });
  const schema = { type: "object", properties: Object.fromEntries(properties) };
  return required.length === 0 ? schema : { ...schema, required };
}
