import { escapeBeyondAscii } from "./python-dumps.js";

const FIRST_BYTES = 16 * 1024;
/** UTF-8 takes at most so many bytes for a UTF-16 code unit. */
const BYTES_PER_UNIT = 3;

/** Bytes that grow at the end: what was given out of them holds until the list is made shorter. */
export class ByteList {
  private buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  length = 0;

  add(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** `text` must be ASCII. */
  addText(text: string): void {
    this.reserve(text.length);
    this.length += this.buffer.write(text, this.length, "latin1");
  }

  /** Adds a text as `quote` writes it; what stands between its quotation marks. */
  addQuoted(text: string): Buffer {
    const quoted = JSON.stringify(text);
    this.reserve(quoted.length * BYTES_PER_UNIT);
    const start = this.length;
    const written = this.buffer.write(quoted, start, "utf8");
    // Nearly every text is ASCII: it stands there by now.
    if (written === quoted.length && !quoted.includes("\x7f")) this.length += written;
    else this.addText(escapeBeyondAscii(quoted));
    return this.buffer.subarray(start + 1, this.length - 1);
  }

  /** Adds what `fill` writes into a room for at most so many bytes; it says how many they are. */
  addWith(most: number, fill: (room: Buffer) => number): Buffer {
    this.reserve(most);
    const start = this.length;
    this.length += fill(this.buffer.subarray(start, start + most));
    return this.buffer.subarray(start, this.length);
  }

  /** The bytes from one place to another. */
  slice(start: number, end: number): Buffer {
    return this.buffer.subarray(start, end);
  }

  private reserve(more: number): void {
    if (this.length + more <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.buffer.length, this.length + more));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}

/** `text` must be ASCII. */
export function toBytes(text: string): Buffer {
  return Buffer.from(text, "latin1");
}
