import { type FileHandle, open } from "node:fs/promises";
import { explainSystemError } from "../../core/errors.js";

const CHUNK_BYTES = 2 * 1024 * 1024;

/** Writes a file while the next bytes are being made: one chunk is filled, one is on its way. */
export class ByteFile {
  private chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  private spare: Buffer<ArrayBuffer> | null = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  private used = 0;
  /** Chunks that are full, for `drain` to write. */
  private full: Buffer<ArrayBuffer>[] = [];
  private writing: Promise<void> = Promise.resolve();
  private isClosed = false;

  private constructor(
    private readonly handle: FileHandle,
    private readonly shownPath: string,
  ) {}

  static async create(path: string, shownPath: string): Promise<ByteFile> {
    try {
      return new ByteFile(await open(path, "wx"), shownPath);
    } catch (error) {
      throw explainSystemError(error, shownPath);
    }
  }

  /** Copies the bytes; call `drain` from time to time. */
  add(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const copied = bytes.copy(this.chunk, this.used, at);
      at += copied;
      this.used += copied;
      if (this.used === CHUNK_BYTES) this.turnOver();
    }
  }

  /** Resolves when at most one chunk is still on its way. */
  async drain(): Promise<void> {
    while (this.full.length > 0) {
      await this.writing;
      const chunk = this.full.shift();
      if (chunk === undefined) return;
      this.writing = this.write(chunk);
      // Whoever awaits next hears of a failure; until then it is no unhandled one.
      this.writing.catch(() => {});
    }
  }

  /** Flushes to the disk: the folder is put in its place afterwards. */
  async finish(): Promise<void> {
    this.full.push(this.chunk.subarray(0, this.used));
    await this.drain();
    await this.writing;
    try {
      await this.handle.sync();
      await this.close();
    } catch (error) {
      throw explainSystemError(error, this.shownPath);
    }
  }

  /** Closes the file, whatever has been written. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    await this.writing.catch(() => {});
    await this.handle.close();
  }

  private turnOver(): void {
    this.full.push(this.chunk);
    this.chunk = this.spare ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
    this.spare = null;
    this.used = 0;
  }

  private async write(chunk: Buffer<ArrayBuffer>): Promise<void> {
    try {
      for (let at = 0; at < chunk.length; ) at += (await this.handle.write(chunk, at)).bytesWritten;
    } catch (error) {
      throw explainSystemError(error, this.shownPath);
    }
    if (chunk.length === CHUNK_BYTES) this.spare = chunk;
  }
}
