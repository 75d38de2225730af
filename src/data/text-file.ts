import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { explainSystemError } from "../core/errors.js";

const FLUSH_BYTES = 1024 * 1024;

/** Writes a file in large pieces, each awaited, and hashes it on the way. */
export class TextFile {
  private readonly hash = createHash("sha256");
  private isClosed = false;
  private pending: string[] = [];
  private pendingLength = 0;
  sizeBytes = 0;

  private constructor(
    private readonly handle: FileHandle,
    /** What an error message calls the file. */
    private readonly shownPath: string,
  ) {}

  static async create(path: string, shownPath: string): Promise<TextFile> {
    try {
      return new TextFile(await open(path, "wx"), shownPath);
    } catch (error) {
      throw explainSystemError(error, shownPath);
    }
  }

  /** Resolves when there is room for more. */
  async write(text: string): Promise<void> {
    this.pending.push(text);
    this.pendingLength += text.length;
    if (this.pendingLength >= FLUSH_BYTES) await this.flush();
  }

  /** Flushes to the disk; the hash of all that was written. */
  async finish(): Promise<string> {
    await this.flush();
    try {
      await this.handle.sync();
      await this.abandon();
    } catch (error) {
      throw explainSystemError(error, this.shownPath);
    }
    return this.hash.digest("hex");
  }

  /** Closes the file, whatever has been written. */
  async abandon(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    await this.handle.close();
  }

  private async flush(): Promise<void> {
    if (this.pending.length === 0) return;
    const bytes = Buffer.from(this.pending.join(""), "utf8");
    this.pending = [];
    this.pendingLength = 0;
    this.hash.update(bytes);
    this.sizeBytes += bytes.length;
    try {
      for (let at = 0; at < bytes.length; ) at += (await this.handle.write(bytes, at)).bytesWritten;
    } catch (error) {
      throw explainSystemError(error, this.shownPath);
    }
  }
}
