import { MAX_RECORD_BYTES } from "./json-scanner.js";

/** Cuts a stream of bytes into lines; blank ones are left out, and null stands for one that is too large. */
export class LineScanner {
  private kept: Buffer[] = [];
  private keptBytes = 0;
  /** In a line that is too large: the rest of it is passed over. */
  private isSkipping = false;

  constructor(private readonly maxBytes = MAX_RECORD_BYTES) {}

  push(chunk: Buffer): (Buffer | null)[] {
    const lines: (Buffer | null)[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(0x0a, start);
      if (end < 0) break;
      this.keep(chunk.subarray(start, end), lines);
      const line = Buffer.concat(this.kept);
      if (isFilled(line)) lines.push(line);
      this.clear(false);
      start = end + 1;
    }
    if (start < chunk.length) this.keep(chunk.subarray(start), lines);
    return lines;
  }

  /** The last line where no newline ends it. */
  end(): Buffer | null {
    const line = Buffer.concat(this.kept);
    return isFilled(line) ? line : null;
  }

  private keep(piece: Buffer, lines: (Buffer | null)[]): void {
    if (this.isSkipping) return;
    this.kept.push(piece);
    this.keptBytes += piece.length;
    if (this.keptBytes <= this.maxBytes) return;
    this.clear(true);
    lines.push(null);
  }

  private clear(isSkipping: boolean): void {
    this.kept = [];
    this.keptBytes = 0;
    this.isSkipping = isSkipping;
  }
}

function isFilled(line: Buffer): boolean {
  return line.some((byte) => byte !== 0x20 && byte !== 0x0d && byte !== 0x09);
}
