import { isObject, type JsonObject } from "./reader.js";

const JSON_TYPES = new Set(["object", "array", "string", "integer", "number", "boolean", "null"]);

/** What Python and others call JSON Schema's types. */
const TYPES = new Map(
  Object.entries({
    ...{ dict: "object", map: "object", hashmap: "object", str: "string", text: "string", char: "string" },
    ...{ int: "integer", long: "integer", float: "number", double: "number", bool: "boolean" },
    ...{ list: "array", tuple: "array", set: "array" },
  }),
);

/** The JSON Schema of a tool's arguments, from OpenAI's form, from flat `{argument: {type, description}}`, and with types as Python has them. */
export function readParameters(tool: JsonObject): JsonObject {
  const recorded = tool.parameters ?? tool.input_schema ?? tool.inputSchema;
  if (!isObject(recorded)) return { type: "object", properties: {} };
  const schema = isFlat(recorded)
    ? fromFlat(recorded)
    : isForeign(recorded)
      ? toJsonSchema(recorded)
      : recorded;
  // ToolACE and others write it beside the parameters.
  const { required } = tool;
  const isBeside = schema.required === undefined && Array.isArray(required) && required.length > 0;
  return isBeside ? { ...schema, required } : schema;
}

const LONGEST_TYPE = 200;

/** JSON Schema's words for a type as a text names it: `List[int]`, `str, optional`, `dict`. */
export function readType(text: string): { schema: JsonObject; isOptional: boolean } {
  const [named = "", ...notes] = text.slice(0, LONGEST_TYPE).split(/,(?![^[]*\])/);
  const isOptional = notes.some((note) => note.trim() === "optional") || /^\s*optional\s*\[/i.test(named);
  return { schema: typeOf(named.trim()), isOptional };
}

function typeOf(text: string): JsonObject {
  const [, name = "", inner] = /^([A-Za-z]+)(?:\s*[[<]([\s\S]*)[\]>])?$/.exec(text) ?? [];
  const base = name.toLowerCase();
  if (base === "optional" && inner !== undefined) return typeOf(inner.trim());
  const type = JSON_TYPES.has(base) ? base : TYPES.get(base);
  if (type === undefined) return {};
  if (type !== "array" || inner === undefined) return { type };
  const items = typeOf(inner.trim());
  return Object.keys(items).length === 0 ? { type } : { type, items };
}

function isFlat(parameters: JsonObject): boolean {
  if (typeof parameters.type === "string" || "properties" in parameters) return false;
  const values = Object.values(parameters);
  return values.length > 0 && values.every((value) => isObject(value) && typeof value.type === "string");
}

function fromFlat(parameters: JsonObject): JsonObject {
  const required: string[] = [];
  const properties = Object.entries(parameters).map(([name, recorded]) => {
    const { type, ...others } = recorded as JsonObject;
    const { schema, isOptional } = readType(String(type));
    if (!isOptional) required.push(name);
    return [name, { ...schema, ...others }];
  });
  return { type: "object", properties: Object.fromEntries(properties), required };
}

/** Whether a type stands in it that JSON Schema does not know. */
function isForeign(schema: JsonObject): boolean {
  const { type, properties, items } = schema;
  if (typeof type === "string" && !JSON_TYPES.has(type)) return true;
  if (isObject(items) && isForeign(items)) return true;
  return (
    isObject(properties) && Object.values(properties).some((value) => isObject(value) && isForeign(value))
  );
}

function toJsonSchema(schema: JsonObject): JsonObject {
  const entries = Object.entries(schema).flatMap(([key, value]): [string, unknown][] => {
    if (key === "type" && typeof value === "string" && !JSON_TYPES.has(value)) {
      return Object.entries(readType(value).schema);
    }
    if (key === "items" && isObject(value)) return [[key, toJsonSchema(value)]];
    if (key !== "properties" || !isObject(value)) return [[key, value]];
    const properties = Object.entries(value).map(([name, each]) => [
      name,
      isObject(each) ? toJsonSchema(each) : each,
    ]);
    return [[key, Object.fromEntries(properties)]];
  });
  return Object.fromEntries(entries);
}
