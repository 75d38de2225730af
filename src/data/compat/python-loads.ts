import { PythonJsonError, PythonNumber, type PythonValue } from "./python-value.js";

/**
 * Parses with `JSON.parse` where the result is the same as Python's: without numbers (1.0 would become 1) and without
 * keys that JavaScript would move to the front. `isSame` says where that matters; elsewhere the slow parser runs.
 */
export function loads(text: string, isSame: (value: PythonValue) => boolean): PythonValue {
  let fast: unknown;
  try {
    fast = JSON.parse(text);
  } catch {
    // Python also reads NaN and Infinity; for all else its parser says what is wrong.
    return new Parser(text).parse();
  }
  return isSame(fast as PythonValue) ? (fast as PythonValue) : new Parser(text).parse();
}

/** Parses valid JSON with every number as it is written there. */
export function loadsVerbatim(text: string): PythonValue {
  return new Parser(text, (number) => new PythonNumber(number)).parse();
}

const ARRAY_INDEX = /^(?:0|[1-9]\d{0,9})$/;

/** Python itself reads no more. Deeper values make a RangeError here, which depends on no stack. */
const MAX_DEPTH = 1000;

/** Whether a value from `JSON.parse` is written by `dumps` as Python would. */
export function isPlain(value: unknown, levels = MAX_DEPTH): boolean {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return true;
  if (typeof value !== "object") return false;
  if (levels === 0) return false;
  if (Array.isArray(value)) {
    for (const each of value) if (!isPlain(each, levels - 1)) return false;
    return true;
  }
  for (const key in value) {
    if (isDigit(key.charCodeAt(0)) && ARRAY_INDEX.test(key)) return false;
    if (!isPlain((value as Record<string, unknown>)[key], levels - 1)) return false;
  }
  return true;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y;
const WORDS: Record<string, PythonValue> = {
  null: null,
  true: true,
  false: false,
  NaN: new PythonNumber("NaN"),
  Infinity: new PythonNumber("Infinity"),
  "-Infinity": new PythonNumber("-Infinity"),
};
const WORD = /null|true|false|NaN|-?Infinity/y;
const BLANKS = /[ \t\n\r]*/y;

/** Python's grammar, with every number and every order of keys kept. */
class Parser {
  private at = 0;
  private depth = 0;

  constructor(
    private readonly text: string,
    private readonly toNumber = readNumber,
  ) {}

  parse(): PythonValue {
    const value = this.value();
    this.match(BLANKS);
    if (this.at < this.text.length) throw this.fault("the end");
    return value;
  }

  private value(): PythonValue {
    this.match(BLANKS);
    const letter = this.text[this.at];
    if (letter === '"') return this.string();
    if (letter === "{" || letter === "[") {
      this.depth += 1;
      if (this.depth > MAX_DEPTH) throw new RangeError("nested too deeply");
      const read = letter === "{" ? this.dict() : this.list();
      this.depth -= 1;
      return read;
    }
    const word = this.match(WORD);
    if (word !== null) return WORDS[word[0]] ?? null;
    const number = this.match(NUMBER);
    if (number === null) throw this.fault("a value");
    return this.toNumber(number[0], number[1] !== undefined || number[2] !== undefined);
  }

  private dict(): Map<string, PythonValue> {
    const dict = new Map<string, PythonValue>();
    this.at += 1;
    if (this.take("}")) return dict;
    do {
      this.match(BLANKS);
      if (this.text[this.at] !== '"') throw this.fault("a key");
      const key = this.string();
      if (!this.take(":")) throw this.fault("a colon");
      dict.set(key, this.value());
    } while (this.take(","));
    if (!this.take("}")) throw this.fault("a comma or }");
    return dict;
  }

  private list(): PythonValue[] {
    const list: PythonValue[] = [];
    this.at += 1;
    if (this.take("]")) return list;
    do list.push(this.value());
    while (this.take(","));
    if (!this.take("]")) throw this.fault("a comma or ]");
    return list;
  }

  private string(): string {
    let end = this.at;
    do end = this.text.indexOf('"', end + 1);
    while (end > 0 && this.isEscaped(end));
    if (end < 0) throw this.fault("a string that ends");
    const quoted = this.text.slice(this.at, end + 1);
    try {
      const value = JSON.parse(quoted) as string;
      this.at = end + 1;
      return value;
    } catch {
      throw this.fault("a string without control characters");
    }
  }

  private isEscaped(at: number): boolean {
    let slashes = 0;
    while (this.text[at - 1 - slashes] === "\\") slashes += 1;
    return slashes % 2 === 1;
  }

  private take(letter: string): boolean {
    this.match(BLANKS);
    if (this.text[this.at] !== letter) return false;
    this.at += 1;
    return true;
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found !== null) this.at = pattern.lastIndex;
    return found;
  }

  private fault(expected: string): PythonJsonError {
    return new PythonJsonError(`invalid JSON: expected ${expected} at character ${this.at}`);
  }
}

function readNumber(text: string, isFloat: boolean): PythonNumber {
  if (!isFloat) return new PythonNumber(text === "-0" ? "0" : text);
  return new PythonNumber(formatFloat(Number(text)));
}

/** Python's `repr(float)`: the same shortest digits as JavaScript's, another choice of notation. */
function formatFloat(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  const [mantissa = "", power = "0"] = Math.abs(value).toExponential().split("e");
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const digits = mantissa.replace(".", "");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    const shown = String(Math.abs(exponent)).padStart(2, "0");
    return `${sign}${mantissa}e${exponent < 0 ? "-" : "+"}${shown}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${digits.slice(exponent + 1) || "0"}`;
}
