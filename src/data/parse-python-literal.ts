/** Reads a Python literal of lists, tuples, dicts, strings, numbers, True, False and None, as `str(value)` writes it; throws a SyntaxError elsewhere. */
export function parsePythonLiteral(text: string): unknown {
  const reader = new LiteralReader(text);
  const value = reader.value();
  reader.expectEnd();
  return value;
}

const WORDS: Record<string, unknown> = { True: true, False: false, None: null, nan: null, inf: null };
const ESCAPES: Record<string, string> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  "0": "\0",
  "\n": "",
};

class LiteralReader {
  private at = 0;

  constructor(private readonly text: string) {}

  value(): unknown {
    this.blanks();
    const letter = this.text[this.at];
    if (letter === "{") return this.dict();
    if (letter === "[") return this.list("]");
    if (letter === "(") return this.list(")");
    if (letter === "'" || letter === '"') return this.string(letter);
    return this.word();
  }

  expectEnd(): void {
    this.blanks();
    if (this.at < this.text.length) throw this.fault("the end");
  }

  private dict(): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    this.at += 1;
    while (!this.take("}")) {
      const key = this.value();
      if (!this.take(":")) throw this.fault("a colon");
      entries.push([String(key), this.value()]);
      if (!this.take(",") && !this.peek("}")) throw this.fault("a comma or }");
    }
    return Object.fromEntries(entries);
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
    if (/^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(word)) return Number(word);
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
