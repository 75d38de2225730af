import { type FileHandle, open, rm } from "node:fs/promises";
import { explainSystemError } from "../../core/errors.js";
import type { Subset } from "../../core/roles.js";
import type { CutBatch } from "../pipeline/cut-batches.js";
import type { CompatPlace, CompatRows } from "./compat-result.js";
import type { CompatTarget } from "./write-rows.js";

const LIST_END = "\n]";
const EMPTY_LIST = "[]";
/** After so many bytes the disk begins to write, beside the work; else all of it would have to be waited for at the end. */
const SYNC_BYTES = 32 * 1024 * 1024;

/**
 * One of the reference's output files: a JSON list with an indent of two, without a newline at its end. It says where
 * the rows belong; renderers write them.
 */
export class CompatFile {
  private rows = 0;
  private sizeBytes = 0;
  private syncedBytes = 0;
  private isSyncing = false;
  /** All that was begun. */
  private syncing = Promise.resolve();
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

  get target(): CompatTarget {
    return { descriptor: this.handle.fd, shownPath: this.shownPath };
  }

  /** Where the rows of a batch belong; called in the order of the batches. Null where they do not count. */
  place(result: CompatRows, { file, firstIndex }: CutBatch): CompatPlace | null {
    if (this.failure !== null) return null;
    const place = (entry: number) => `record ${firstIndex + entry + 1} of ${file}`;
    const [gap] = result.gaps;
    if (gap !== undefined && this.lastInput === null) {
      this.failure = `${place(gap.entry)}: the first step of the data gives up: there is no prompt to reuse`;
      return null;
    }
    if (result.failure !== null) {
      this.failure = `${place(result.failure.entry)}: ${result.failure.reason}`;
      return null;
    }
    const lastInput = gap === undefined ? null : this.lastInput;
    const placed = { position: this.sizeBytes, isFirst: this.rows === 0, lastInput };
    this.rows += result.rows;
    this.sizeBytes += result.sizeBytes + result.gaps.length * (lastInput?.length ?? 0);
    this.lastInput = result.lastInput ?? this.lastInput;
    this.syncBeside();
    return placed;
  }

  /** The rows that were written, or why there is no file. */
  async finish(): Promise<{ rows: number; failure: string | null }> {
    if (this.failure === null) {
      try {
        await this.handle.write(this.rows === 0 ? EMPTY_LIST : LIST_END, this.sizeBytes);
        await this.syncing;
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
    await this.syncing.catch(() => {});
    await this.handle.close();
  }

  /** One at a time. A failure shows at the end. */
  private syncBeside(): void {
    if (this.isSyncing || this.sizeBytes - this.syncedBytes < SYNC_BYTES) return;
    this.syncedBytes = this.sizeBytes;
    this.isSyncing = true;
    const before = this.syncing;
    this.syncing = this.handle
      .datasync()
      .finally(() => {
        this.isSyncing = false;
      })
      .then(() => before);
    this.syncing.catch(() => {});
  }
}
