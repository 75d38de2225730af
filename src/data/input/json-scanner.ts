const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Longer records cannot be told from a quotation mark that is missing; they would fill the memory. */
export const MAX_RECORD_BYTES = 64 * 1024 * 1024;

/**
 * Cuts a stream of bytes into the elements of one JSON array (`array`), or into JSON objects that follow one another
 * (`values`), by counting brackets outside strings. What stands between two cuts is not judged.
 */
export class JsonScanner {
  /** 0 before the array, 1 between its elements, more inside one; -1 after its end. */
  private depth: number;
  private isInString = false;
  private isEscaped = false;
  private kept: Buffer[] = [];
  private keptBytes = 0;
  private hasTrailingData = false;

  constructor(private readonly mode: "array" | "values") {
    this.depth = mode === "array" ? 0 : 1;
  }

  /** The elements that end in this chunk. A chunk must not be changed afterwards. */
  push(chunk: Buffer): Buffer[] {
    const elements: Buffer[] = [];
    const { length } = chunk;
    let start = 0;
    let at = 0;
    let { depth, isInString } = this;
    while (at < length) {
      if (isInString) {
        at = this.skipString(chunk, at);
        isInString = at === length;
        at += isInString ? 0 : 1;
        continue;
      }
      const byte = chunk[at];
      at += 1;
      if (depth < 1) {
        if (depth === 0 && byte === OPEN_BRACKET) depth = 1;
        else if (depth < 0 && !isBlank(byte)) this.hasTrailingData = true;
        start = at;
      } else if (byte === QUOTE) isInString = true;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        const endsArray = depth === 1 && this.mode === "array" && byte === CLOSE_BRACKET;
        if (depth > 1) depth -= 1;
        if (endsArray || (this.mode === "values" && depth === 1)) {
          this.cut(elements, chunk.subarray(start, endsArray ? at - 1 : at));
          start = at;
        }
        if (endsArray) depth = -1;
      } else if (byte === COMMA && depth === 1) {
        this.cut(elements, chunk.subarray(start, at - 1));
        start = at;
      }
    }
    this.depth = depth;
    this.isInString = isInString;
    if (start < length && depth >= 1) this.keep(chunk.subarray(start));
    return elements;
  }

  /** True once a single element has grown beyond every reasonable size. */
  get isTooLarge(): boolean {
    return this.keptBytes > MAX_RECORD_BYTES;
  }

  /** What is left at the end of the bytes: the beginning of an element that was cut, or null where all is whole. */
  end(): { fault: "truncated" | "trailing_data"; rest: Buffer } | null {
    const rest = Buffer.concat(this.kept);
    if (this.hasTrailingData) return { fault: "trailing_data", rest };
    const isWhole = this.mode === "array" ? this.depth === -1 : isBlankBuffer(rest);
    return isWhole ? null : { fault: "truncated", rest };
  }

  /** The index of the quotation mark that ends the string, or the chunk's length. */
  private skipString(chunk: Buffer, from: number): number {
    const { length } = chunk;
    let at = from;
    if (this.isEscaped && at < length) {
      this.isEscaped = false;
      at += 1;
    }
    while (at < length) {
      const byte = chunk[at];
      if (byte === QUOTE) return at;
      at += byte === BACKSLASH ? 2 : 1;
    }
    this.isEscaped = at > length;
    return length;
  }

  private cut(elements: Buffer[], last: Buffer): void {
    const element = this.kept.length === 0 ? last : Buffer.concat([...this.kept, last]);
    this.kept = [];
    this.keptBytes = 0;
    if (!isBlankBuffer(element)) elements.push(element);
  }

  private keep(piece: Buffer): void {
    this.kept.push(piece);
    this.keptBytes += piece.length;
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isBlankBuffer(bytes: Buffer): boolean {
  for (const byte of bytes) if (!isBlank(byte)) return false;
  return true;
}
