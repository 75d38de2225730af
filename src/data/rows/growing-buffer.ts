const FIRST_BYTES = 1024 * 1024;
/** UTF-8 takes at most so many bytes for a UTF-16 code unit. */
const BYTES_PER_UNIT = 3;

/** A piece of a buffer. */
export interface Span {
  start: number;
  end: number;
}

/** Bytes that are added at the end, in memory of their own that doubles when it is full. */
export class GrowingBuffer {
  private buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  length = 0;

  write(text: string): void {
    this.makeRoom(text.length * BYTES_PER_UNIT);
    this.length += this.buffer.write(text, this.length, "utf8");
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

  /** What was written; the next bytes go to `spare`, or to new memory. */
  take(spare?: ArrayBuffer): Buffer {
    const taken = this.buffer.subarray(0, this.length);
    this.buffer =
      spare === undefined ? Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, this.length)) : Buffer.from(spare);
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
