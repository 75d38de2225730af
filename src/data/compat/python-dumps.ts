import { PythonNumber, type PythonValue } from "./python-value.js";

/** JSON.stringify has escaped the control characters already; newlines between values stay. */
const NOT_ASCII = /[^\n -~]/g;

/** A string as `json.dumps` writes it: ASCII only, U+007F escaped too. */
export function quote(text: string): string {
  return escapeBeyondAscii(JSON.stringify(text));
}

/** What `JSON.stringify` has written, as Python escapes it. */
export function escapeBeyondAscii(json: string): string {
  // Nearly every text is ASCII, and to count its bytes is much cheaper than to look at each letter.
  if (Buffer.byteLength(json) === json.length && !json.includes("\x7f")) return json;
  return json.replace(NOT_ASCII, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** `json.dumps(value)`, or with `indent=2` from a depth on: nested lines then begin with that many blanks and two. */
export function dumps(value: PythonValue, indent: number | null = null): string {
  if (typeof value === "string") return quote(value);
  if (value === null || typeof value === "boolean") return String(value);
  if (value instanceof PythonNumber) return value.text;
  const inner = indent === null ? null : indent + 2;
  if (Array.isArray(value))
    return wrap(
      "[",
      value.map((each) => dumps(each, inner)),
      "]",
      indent,
    );
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return wrap(
    "{",
    entries.map(([key, each]) => `${quote(key)}: ${dumps(each, inner)}`),
    "}",
    indent,
  );
}

function wrap(open: string, items: string[], close: string, indent: number | null): string {
  if (items.length === 0) return open + close;
  if (indent === null) return open + items.join(", ") + close;
  const line = `\n${" ".repeat(indent + 2)}`;
  return `${open}${line}${items.join(`,${line}`)}\n${" ".repeat(indent)}${close}`;
}
