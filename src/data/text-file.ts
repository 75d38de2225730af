import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { explainSystemError } from "../core/errors.js";

const CHUNK_BYTES = 512 * 1024;
/** UTF-8 takes at most so many bytes for a UTF-16 code unit. */
const BYTES_PER_UNIT = 3;

/** Writes a file in large pieces, each awaited, and hashes it on the way. */
export class TextFile {
  private readonly hash = createHash("sha256");
  private isClosed = false;
  private readonly chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  private used = 0;
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
    const most = text.length * BYTES_PER_UNIT;
    if (this.used + most > CHUNK_BYTES) await this.flush();
    if (most > CHUNK_BYTES) await this.writeBytes(Buffer.from(text, "utf8"));
    // Encoded at once: strings that wait for a flush grow old, and old ones are dear to collect.
    else this.used += this.chunk.write(text, this.used, "utf8");
  }

  /** A text and the bytes behind it. */
  async writeWith(text: string, bytes: Uint8Array): Promise<void> {
    await this.write(text);
    if (this.used + bytes.length > CHUNK_BYTES) await this.flush();
    if (bytes.length > CHUNK_BYTES) return await this.writeBytes(bytes);
    this.chunk.set(bytes, this.used);
    this.used += bytes.length;
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
    const { used } = this;
    this.used = 0;
    if (used > 0) await this.writeBytes(this.chunk.subarray(0, used));
  }

  private async writeBytes(bytes: Uint8Array): Promise<void> {
    this.hash.update(bytes);
    this.sizeBytes += bytes.length;
    try {
      for (let at = 0; at < bytes.length; ) at += (await this.handle.write(bytes, at)).bytesWritten;
    } catch (error) {
      throw explainSystemError(error, this.shownPath);
    }
  }
}
