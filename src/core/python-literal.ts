import { MAX_NESTING } from "./nesting.js";

/** What becomes of numbers and dicts. */
export interface LiteralBuilder {
  number(text: string): unknown;
  dict(entries: [string, unknown][]): unknown;
  /** Refuses what JSON does not have: tuples, nan and inf, keys that are no strings. */
  isJsonOnly?: boolean;
}

const PLAIN: LiteralBuilder = { number: Number, dict: (entries) => Object.fromEntries(entries) };

/** For literals that were made from JSON. */
export const JSON_ONLY: LiteralBuilder = { ...PLAIN, isJsonOnly: true };

/**
 * Reads a Python literal of lists, tuples, dicts, strings, numbers, True, False and None, as `str(value)` writes it;
 * throws a SyntaxError elsewhere, a RangeError where it is nested deeper than `MAX_NESTING`. JSON's words are read too:
 * models mix the two.
 */
export function parsePythonLiteral(text: string, builder: LiteralBuilder = PLAIN): unknown {
  const { value, end } = readPythonLiteral(text, 0, builder);
  if (text.slice(end).trim() !== "") throw new SyntaxError(`expected the end at character ${end}`);
  return value;
}

/** The literal that begins at a character, and where it ends. */
export function readPythonLiteral(
  text: string,
  start: number,
  builder: LiteralBuilder = PLAIN,
): { value: unknown; end: number } {
  const reader = new LiteralReader(text, start, builder);
  const value = reader.value();
  return { value, end: reader.at };
}

const WORDS: Record<string, unknown> = {
  ...{ True: true, False: false, None: null },
  ...{ true: true, false: false, null: null },
};
const NO_JSON: Record<string, unknown> = { nan: null, inf: null, NaN: null };
const ESCAPES: Record<string, string> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  "0": "\0",
  "/": "/",
  "\n": "",
};

class LiteralReader {
  private depth = 0;

  constructor(
    private readonly text: string,
    public at: number,
    private readonly builder: LiteralBuilder,
  ) {}

  value(): unknown {
    this.blanks();
    const letter = this.text[this.at];
    if (letter === "{") return this.nested(() => this.dict());
    if (letter === "[") return this.nested(() => this.list("]"));
    if (letter === "(" && this.builder.isJsonOnly !== true) return this.nested(() => this.list(")"));
    if (letter === "'" || letter === '"') return this.string(letter);
    return this.word();
  }

  private nested(read: () => unknown): unknown {
    this.depth += 1;
    if (this.depth > MAX_NESTING) throw new RangeError("nested too deeply");
    const value = read();
    this.depth -= 1;
    return value;
  }

  private dict(): unknown {
    const entries: [string, unknown][] = [];
    this.at += 1;
    while (!this.take("}")) {
      const key = this.value();
      if (typeof key !== "string" && this.builder.isJsonOnly === true) throw this.fault("a string");
      if (!this.take(":")) throw this.fault("a colon");
      entries.push([String(key), this.value()]);
      if (!this.take(",") && !this.peek("}")) throw this.fault("a comma or }");
    }
    return this.builder.dict(entries);
  }

  private list(end: "]" | ")"): unknown[] {
    const values: unknown[] = [];
    this.at += 1;
    while (!this.take(end)) {
      values.push(this.value());
      if (!this.take(",") && !this.peek(end)) throw this.fault(`a comma or ${end}`);
    }
    return values;
  }

  private string(quote: string): string {
    let value = "";
    this.at += 1;
    for (;;) {
      const letter = this.text[this.at];
      if (letter === undefined) throw this.fault("the end of a string");
      this.at += 1;
      if (letter === quote) return value;
      value += letter === "\\" ? this.escape() : letter;
    }
  }

  private escape(): string {
    const letter = this.text[this.at] ?? "";
    this.at += 1;
    const digits = { x: 2, u: 4, U: 8 }[letter];
    if (digits === undefined) return ESCAPES[letter] ?? (/['"\\]/.test(letter) ? letter : `\\${letter}`);
    const hex = this.text.slice(this.at, this.at + digits);
    const code = Number.parseInt(hex, 16);
    if (!/^[0-9a-fA-F]+$/.test(hex) || hex.length < digits || code > 0x10ffff)
      throw this.fault(`${digits} hex digits`);
    this.at += digits;
    return String.fromCodePoint(code);
  }

  private word(): unknown {
    const word = /^[^\s,:()[\]{}'"]+/.exec(this.text.slice(this.at, this.at + 64))?.[0] ?? "";
    this.at += word.length;
    if (Object.hasOwn(WORDS, word)) return WORDS[word];
    if (Object.hasOwn(NO_JSON, word) && this.builder.isJsonOnly !== true) return NO_JSON[word];
    if (/^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(word)) return this.builder.number(word);
    throw this.fault("a value");
  }

  private take(letter: string): boolean {
    const found = this.peek(letter);
    if (found) this.at += 1;
    return found;
  }

  private peek(letter: string): boolean {
    this.blanks();
    return this.text[this.at] === letter;
  }

  private blanks(): void {
    while (/\s/.test(this.text[this.at] ?? "")) this.at += 1;
  }

  private fault(expected: string): SyntaxError {
    return new SyntaxError(`expected ${expected} at character ${this.at}`);
  }
}
