const FIRST_BYTES = 1024 * 1024;
/** Batches are of about one size: memory that is just too small is made and copied twice. */
const SLACK = 1.25;
/** UTF-8 takes at most so many bytes for a UTF-16 code unit. */
const BYTES_PER_UNIT = 3;

/** Longer texts are left to `JSON.stringify`: memory for the worst of them would be too much. */
const MOST_ESCAPED_HERE = 64 * 1024;

/** What JSON writes for a byte of UTF-8; empty where that is the byte itself. */
const ESCAPES = Array.from({ length: 256 }, (_, byte) => {
  const json = byte < 0x80 ? JSON.stringify(String.fromCharCode(byte)).slice(1, -1) : "";
  return json.length > 1 ? Buffer.from(json) : Buffer.alloc(0);
});
const IS_ESCAPED = Uint8Array.from(ESCAPES, ({ length }) => (length > 0 ? 1 : 0));
const LONGEST_ESCAPE = 6;

/** A piece of a buffer. */
export interface Span {
  start: number;
  end: number;
}

/** Bytes that are added at the end, in memory of their own that doubles when it is full. */
export class GrowingBuffer {
  /** The text that is being escaped. */
  private plain: Buffer | null = null;
  private buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  length = 0;

  write(text: string): void {
    this.makeRoom(text.length * BYTES_PER_UNIT);
    this.length += this.buffer.write(text, this.length, "utf8");
  }

  /** A text as JSON has it between quotation marks: byte by byte, without a string of it, is a third quicker. */
  writeEscaped(text: string): void {
    if (text.length > MOST_ESCAPED_HERE || !text.isWellFormed()) {
      this.write(JSON.stringify(text).slice(1, -1));
      return;
    }
    this.plain ??= Buffer.allocUnsafeSlow(MOST_ESCAPED_HERE * BYTES_PER_UNIT);
    const { plain } = this;
    const size = plain.write(text, 0, "utf8");
    this.makeRoom(size * LONGEST_ESCAPE);
    const { buffer } = this;
    let to = this.length;
    for (let from = 0; from < size; from += 1) {
      const byte = plain[from] as number;
      if (IS_ESCAPED[byte] === 0) buffer[to++] = byte;
      else for (const each of ESCAPES[byte] as Buffer) buffer[to++] = each;
    }
    this.length = to;
  }

  copy(bytes: Uint8Array): void {
    this.makeRoom(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  slice(start: number, end: number): Buffer {
    return this.buffer.subarray(start, end);
  }

  clear(): void {
    this.length = 0;
  }

  /** What was written; the next bytes go to `spare`, or to new memory, which has room for somewhat more. */
  take(spare?: ArrayBuffer): Buffer {
    const taken = this.buffer.subarray(0, this.length);
    const most = Math.max(FIRST_BYTES, Math.ceil(this.length * SLACK));
    this.buffer = spare === undefined ? Buffer.allocUnsafeSlow(most) : Buffer.from(spare);
    this.length = 0;
    return taken;
  }

  private makeRoom(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.buffer.length, this.length + bytes));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}
