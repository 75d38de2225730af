/** What `readPythonJson` reads; numbers that a double cannot hold are bigints. */
export type ExactJson =
  | null
  | boolean
  | string
  | number
  | bigint
  | ExactJson[]
  | { [key: string]: ExactJson };
export type ExactObject = Record<string, ExactJson>;

/** Numbers of fewer digits are exact as doubles. */
const LONG_NUMBER = /\d{16}/;

/** A string, a number or one of Python's words, and the colon that makes a key of it. */
const TOKEN = /("[^"\\]*(?:\\[\s\S][^"\\]*)*"|-?\d[\d.eE+-]*|-?Infinity|NaN)([ \t\n\r]*:)?/g;
const LONG_INTEGER = /^-?[1-9]\d{15,}$/;

/** Python reads no longer ones. */
const MOST_DIGITS = 4300;

/**
 * Reads JSON as Python's `json.loads`: whole numbers with all their digits, and `NaN`, `Infinity` and `-Infinity` too.
 * Throws where the text is no JSON.
 */
export function readPythonJson(text: string): ExactJson {
  if (!LONG_NUMBER.test(text)) {
    try {
      return JSON.parse(text) as ExactJson;
    } catch {
      // Perhaps for one of Python's words.
    }
  }
  return JSON.parse(text.replace(TOKEN, wrap), unwrap) as ExactJson;
}

/** An object of strict JSON, its whole numbers with all their digits; null for anything else. */
export function readJsonObject(text: string): ExactObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? (readPythonJson(text) as ExactObject) : null;
  } catch {
    return null;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What JSON.parse cannot read becomes a string that begins with NUL; strings that do so anyway get a second one. */
function wrap(whole: string, token: string, colon: string | undefined): string {
  if (colon !== undefined) return whole;
  if (token.startsWith('"')) return token.startsWith('"\\u0000') ? `"\\u0000${token.slice(1)}` : token;
  if (!LONG_INTEGER.test(token)) return /[Ny]$/.test(token) ? `"\\u0000${token}"` : token;
  if (token.replace("-", "").length > MOST_DIGITS) throw new SyntaxError("a number of too many digits");
  return `"\\u0000${token}"`;
}

function unwrap(_key: string, value: unknown): unknown {
  if (typeof value !== "string" || !value.startsWith("\0")) return value;
  if (value[1] === "\0") return value.slice(1);
  const token = value.slice(1);
  const number = Number(token);
  return LONG_INTEGER.test(token) && !Number.isSafeInteger(number) ? BigInt(token) : number;
}

/** JSON's equality: 1 is 1.0, the order of keys means nothing. */
export function isEqualJson(a: ExactJson, b: ExactJson): boolean {
  if (Array.isArray(a)) return Array.isArray(b) && equalLists(a, b, isEqualJson);
  if (isObject(a)) return isObject(b) && equalObjects(a, b as ExactObject, isEqualJson);
  return equalNumbers(a, b) ?? a === b;
}

/** Python's `==`: besides, true is 1 and false is 0; NaN, always the same object here, equals itself within lists and objects. */
export function isEqualInPython(a: ExactJson, b: ExactJson): boolean {
  if (Array.isArray(a)) return Array.isArray(b) && equalLists(a, b, isEqualWithin);
  if (isObject(a)) return isObject(b) && equalObjects(a, b as ExactObject, isEqualWithin);
  const [x, y] = [a, b].map((value) => (typeof value === "boolean" ? Number(value) : value));
  return equalNumbers(x ?? null, y ?? null) ?? x === y;
}

function isEqualWithin(a: ExactJson, b: ExactJson): boolean {
  return (Number.isNaN(a) && Number.isNaN(b)) || isEqualInPython(a, b);
}

type Equality = (a: ExactJson, b: ExactJson) => boolean;

function equalLists(a: readonly ExactJson[], b: readonly ExactJson[], isEqual: Equality): boolean {
  return a.length === b.length && a.every((value, place) => isEqual(value, b[place] as ExactJson));
}

function equalObjects(a: ExactObject, b: ExactObject, isEqual: Equality): boolean {
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key] as ExactJson, b[key] as ExactJson));
}

/** Null where they are not a bigint and a double. */
function equalNumbers(a: ExactJson, b: ExactJson): boolean | null {
  if (typeof a === "bigint" && typeof b === "number") return Number.isInteger(b) && a === BigInt(b);
  if (typeof a === "number" && typeof b === "bigint") return equalNumbers(b, a);
  return null;
}
