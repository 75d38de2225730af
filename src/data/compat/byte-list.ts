const FIRST_BYTES = 16 * 1024;

/** Bytes that only ever grow at the end: what `first` has given stays valid. */
export class ByteList {
  private buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  length = 0;

  /** `text` must be ASCII. */
  add(text: string): void {
    this.reserve(text.length);
    this.length += this.buffer.write(text, this.length, "latin1");
  }

  first(length: number): Buffer {
    return this.buffer.subarray(0, length);
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
