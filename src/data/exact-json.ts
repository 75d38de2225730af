import { type LiteralBuilder, parsePythonLiteral, readPythonLiteral } from "../core/python-literal.js";
import { isPlain, loadsVerbatim } from "./compat/python-loads.js";
import { getKey, PythonNumber, type PythonValue } from "./compat/python-value.js";
import { isStackOverflow, refuseDeep } from "./nested-too-deeply.js";

/** What was recorded, for objects and lists whose numbers or order of keys JavaScript would change. */
const recorded = new WeakMap<object, PythonValue>();

/** Where arguments or results stand as objects, their text is lost on parsing; elsewhere it is a string and kept. */
const HOLDS_OBJECT = /"(?:arguments|content)"\s*:\s*\{/;

/** `JSON.parse`, but `writeJson` writes 12345678901234567890, 1.0 and `{"2": 0, "1": 0}` of a record's arguments as they were. */
export function parseJson(text: string): unknown {
  const value: unknown = refuseDeep(JSON.parse(text));
  // To walk through the value is much cheaper than to try a pattern everywhere.
  return !isPlain(value) && HOLDS_OBJECT.test(text) ? toPlain(loadsVerbatim(text)) : value;
}

/** The same; null where the text is no JSON. */
export function tryParseJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (isStackOverflow(error)) throw error;
    return null;
  }
}

/** The same, for the text of one call or result: all of it is kept as written. */
export function parseExactJson(text: string): unknown {
  const value: unknown = refuseDeep(JSON.parse(text));
  return isPlain(value) ? value : toPlain(loadsVerbatim(text));
}

/** The same, for a Python literal. */
export function parseExactPython(text: string): unknown {
  return toPlain(parsePythonLiteral(text, EXACT) as PythonValue);
}

/** The JSON of a Python literal that begins at a character, and where that ends. */
export function readPythonJson(text: string, start: number): { json: string; end: number } {
  const { value, end } = readPythonLiteral(text, start, EXACT);
  return { json: write(value as PythonValue), end };
}

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

const EXACT: LiteralBuilder = {
  number: (text) => new PythonNumber(JSON_NUMBER.test(text) ? text : JSON.stringify(Number(text))),
  dict: (entries) => new Map(entries),
};

/** `JSON.stringify`, with the numbers and the order of what `parseJson` read. */
export function writeJson(value: unknown): string {
  const exact = typeof value === "object" && value !== null ? recorded.get(value) : undefined;
  return exact === undefined ? JSON.stringify(value) : write(exact);
}

/** The JSON of one member of the object that `text` holds, with its numbers and order as they are written there. */
export function writeMember(text: string, key: string): string {
  const object = loadsVerbatim(text);
  return write(object instanceof Map ? (getKey(object, key) ?? null) : null);
}

function toPlain(value: PythonValue): unknown {
  if (value instanceof PythonNumber) return Number(value.text);
  if (typeof value !== "object" || value === null) return value;
  const plain = Array.isArray(value)
    ? value.map(toPlain)
    : Object.fromEntries(entriesOf(value).map(([key, each]) => [key, toPlain(each)]));
  recorded.set(plain, value);
  return plain;
}

function write(value: PythonValue): string {
  if (value instanceof PythonNumber) return value.text;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  return `{${entriesOf(value)
    .map(([key, each]) => `${JSON.stringify(key)}:${write(each)}`)
    .join(",")}}`;
}

function entriesOf(object: Exclude<PythonValue, null | boolean | string | PythonNumber | PythonValue[]>) {
  return object instanceof Map ? [...object] : Object.entries(object);
}
