import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { explainSystemError } from "../core/errors.js";

const CHUNK_BYTES = 512 * 1024;
/** UTF-8 takes at most so many bytes for a UTF-16 code unit. */
const BYTES_PER_UNIT = 3;

/** Writes a file in large pieces and hashes it on the way; one piece is written while the next is filled. */
export class TextFile {
  private readonly hash = createHash("sha256");
  private isClosed = false;
  private chunk: Buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  private used = 0;
  /** The piece that is being written, and the memory it will free. */
  private writing: Promise<Buffer> | null = null;
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
    if (most > CHUNK_BYTES) await this.writeLarge(Buffer.from(text, "utf8"));
    // Encoded at once: strings that wait for a flush grow old, and old ones are dear to collect.
    else this.used += this.chunk.write(text, this.used, "utf8");
  }

  /** A text and the bytes behind it, which are the caller's again when it resolves. */
  async writeWith(text: string, bytes: Uint8Array): Promise<void> {
    await this.write(text);
    if (this.used + bytes.length > CHUNK_BYTES) await this.flush();
    if (bytes.length > CHUNK_BYTES) await this.writeLarge(bytes);
    else this.append(bytes);
  }

  /** The same at once, where there is room for it; else nothing is done, and false comes back. */
  add(text: string, bytes: Uint8Array): boolean {
    if (this.used + text.length * BYTES_PER_UNIT + bytes.length > CHUNK_BYTES) return false;
    this.used += this.chunk.write(text, this.used, "utf8");
    this.append(bytes);
    return true;
  }

  /** Flushes to the disk; the hash of all that was written. */
  async finish(): Promise<string> {
    await this.flush();
    await this.writing;
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
    await this.writing?.catch(() => {});
    await this.handle.close();
  }

  private append(bytes: Uint8Array): void {
    this.chunk.set(bytes, this.used);
    this.used += bytes.length;
  }

  /** Resolves when there is an empty chunk, which is before the full one is written. */
  private async flush(): Promise<void> {
    if (this.used === 0) return;
    const full = this.chunk.subarray(0, this.used);
    const free = await this.writing;
    this.writing = this.writeBytes(full).then(() => full);
    // Seen when it is awaited.
    this.writing.catch(() => {});
    this.chunk = free === null ? Buffer.allocUnsafeSlow(CHUNK_BYTES) : Buffer.from(free.buffer);
    this.used = 0;
  }

  private async writeLarge(bytes: Uint8Array): Promise<void> {
    await this.writing;
    await this.writeBytes(bytes);
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
