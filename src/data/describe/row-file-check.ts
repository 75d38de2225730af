import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Side } from "../../core/dataset-manifest.js";
import { parseRow, type RowFile } from "./dataset-rows.js";

/** Takes what is wrong with a data set, and where. */
export type Report = (place: string, reason: string, detail: string) => void;

/** Reads one file of rows along with the manifest's claims about it. */
export class RowFileCheck {
  bytesRead = 0;
  private readonly hash = createHash("sha256");
  private readonly found = {
    ...{ rows: 0, segments: 0, trainedSegments: 0, characters: 0, trainedCharacters: 0 },
  };
  private badRows = 0;

  constructor(
    private readonly file: RowFile,
    private readonly sides: SideCheck,
    private readonly report: Report,
  ) {}

  async hasSize(folder: string): Promise<boolean> {
    const { path, sizeBytes } = this.file.counts;
    const found = await stat(join(folder, path)).catch(() => null);
    if (found === null) this.report(path, "missing_file", "the file is missing");
    else if (found.size !== sizeBytes) {
      this.report(path, "changed_file", `${found.size} bytes, not the ${sizeBytes} of the manifest`);
    }
    return found !== null && found.size > 0;
  }

  see(chunk: Buffer): void {
    this.hash.update(chunk);
    this.bytesRead += chunk.length;
  }

  addLine(line: number, text: Buffer | null): void {
    const row = text === null ? "the line cannot be read" : parseRow(text);
    if (typeof row === "string") {
      this.badRows += 1;
      this.report(`${this.file.counts.path}:${line}`, "bad_row", row);
      return;
    }
    const { found } = this;
    found.rows += 1;
    for (const segment of row.segments) {
      found.segments += 1;
      found.characters += segment.text.length;
      if (!segment.train) continue;
      found.trainedSegments += 1;
      found.trainedCharacters += segment.text.length;
    }
    const place = `${this.file.counts.path}:${line}`;
    if (row.segments.every(({ train }) => !train))
      this.report(place, "nothing_trained", `${row.id} trains nothing`);
    if (!this.sides.isApart(this.file.side, row.trajectory))
      this.report(place, "held_out_and_trained", `${row.trajectory} is among the training rows, too`);
  }

  finish(): void {
    const { path, sha256: expected, ...counts } = this.file.counts;
    if (this.hash.digest("hex") !== expected)
      this.report(path, "changed_file", "its SHA-256 is not the manifest's");
    if (this.badRows > 0) return;
    for (const [name, count] of Object.entries(this.found)) {
      const claimed = counts[name as keyof typeof counts];
      if (claimed !== count)
        this.report(path, "counts", `${count} ${name}, not the ${claimed} of the manifest`);
    }
  }
}

/** What is held out must not be trained on. Of each trajectory 48 bits of a hash are kept. */
export class SideCheck {
  private readonly trained = new Set<number>();

  /** The training rows of a subset come before those held out. */
  isApart(side: Side, trajectory: string): boolean {
    const key = createHash("sha256").update(trajectory).digest().readUIntBE(0, 6);
    if (side === "train") this.trained.add(key);
    return side === "train" || !this.trained.has(key);
  }
}
