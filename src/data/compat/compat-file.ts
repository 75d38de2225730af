import { type FileHandle, open, rm } from "node:fs/promises";
import { explainSystemError } from "../../core/errors.js";
import type { Subset } from "../../core/roles.js";
import type { CutBatch } from "../pipeline/cut-batches.js";
import type { CompatRows } from "./process-compat-batch.js";

const LIST_START = Buffer.from("[");
const LIST_END = Buffer.from("\n]");
const EMPTY_LIST = Buffer.from("[]");

/** One of the reference's output files: a JSON list with an indent of two, without a newline at its end. */
export class CompatFile {
  private rows = 0;
  private failure: string | null = null;
  private lastInput: Uint8Array | null = null;
  private isClosed = false;

  private constructor(
    readonly subset: Subset,
    private readonly handle: FileHandle,
    private readonly path: string,
    private readonly shownPath: string,
  ) {}

  /** `shownPath` stands in error messages. */
  static async create(subset: Subset, path: string, shownPath: string): Promise<CompatFile> {
    try {
      return new CompatFile(subset, await open(path, "wx"), path, shownPath);
    } catch (error) {
      throw explainSystemError(error, shownPath);
    }
  }

  /** Takes what a batch gives this file, in the order of the batches. */
  async add(result: CompatRows, { file, firstIndex }: CutBatch): Promise<void> {
    if (this.failure !== null) return;
    const place = (entry: number) => `record ${firstIndex + entry + 1} of ${file}`;
    const [gap] = result.gaps;
    if (gap !== undefined && this.lastInput === null) {
      this.failure = `${place(gap.entry)}: the first step of the data gives up: there is no prompt to reuse`;
      return;
    }
    if (result.failure !== null) {
      this.failure = `${place(result.failure.entry)}: ${result.failure.reason}`;
      return;
    }
    // A row stands behind a comma, the first one of all behind the bracket.
    if (this.rows === 0 && result.rows > 0) result.bytes.set(LIST_START);
    this.rows += result.rows;
    await this.write(this.fillGaps(result));
    this.lastInput = result.lastInput ?? this.lastInput;
  }

  /** The rows that were written, or why there is no file. */
  async finish(): Promise<{ rows: number; failure: string | null }> {
    if (this.failure === null) {
      await this.write([this.rows === 0 ? EMPTY_LIST : LIST_END]);
      try {
        // The folder is put in its place afterwards.
        await this.handle.sync();
      } catch (error) {
        throw explainSystemError(error, this.shownPath);
      }
    }
    await this.abandon();
    if (this.failure !== null) await rm(this.path);
    return { rows: this.failure === null ? this.rows : 0, failure: this.failure };
  }

  /** Closes the file, whatever has been written. */
  async abandon(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    await this.handle.close();
  }

  private fillGaps({ bytes, gaps }: CompatRows): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let start = 0;
    for (const { at } of gaps) {
      pieces.push(bytes.subarray(start, at), this.lastInput as Uint8Array);
      start = at;
    }
    return [...pieces, bytes.subarray(start)];
  }

  private async write(pieces: readonly Uint8Array[]): Promise<void> {
    try {
      for (const bytes of pieces) {
        for (let at = 0; at < bytes.length; ) at += (await this.handle.write(bytes, at)).bytesWritten;
      }
    } catch (error) {
      throw explainSystemError(error, this.shownPath);
    }
  }
}
