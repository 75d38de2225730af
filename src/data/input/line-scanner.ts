import { MAX_RECORD_BYTES } from "./json-scanner.js";

/** Cuts a stream of bytes into lines; blank ones are left out. */
export class LineScanner {
  private kept: Buffer[] = [];
  private keptBytes = 0;

  push(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(0x0a, start);
      if (end < 0) break;
      const line = Buffer.concat([...this.kept, chunk.subarray(start, end)]);
      if (isFilled(line)) lines.push(line);
      this.kept = [];
      this.keptBytes = 0;
      start = end + 1;
    }
    if (start < chunk.length) {
      this.kept.push(chunk.subarray(start));
      this.keptBytes += chunk.length - start;
    }
    return lines;
  }

  get isTooLarge(): boolean {
    return this.keptBytes > MAX_RECORD_BYTES;
  }

  /** The last line where no newline ends it. */
  end(): Buffer | null {
    const line = Buffer.concat(this.kept);
    return isFilled(line) ? line : null;
  }
}

function isFilled(line: Buffer): boolean {
  return line.some((byte) => byte !== 0x20 && byte !== 0x0d && byte !== 0x09);
}
