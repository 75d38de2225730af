import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { deserialize, serialize } from "node:v8";
import { explainSystemError } from "../../core/errors.js";
import { TextFile } from "../text-file.js";

/** What a thread could be sent: a message and the bytes that it names. */
interface Frame<Message> {
  message: Message;
  bytes: Uint8Array;
}

/** Before each frame: the sizes of its two parts. */
const SIZE_BYTES = 6;
const READ_BYTES = 64 * 1024 * 1024;

/** Writes messages, each as threads send them, one behind the other. */
export class FrameWriter<Message> {
  private constructor(private readonly file: TextFile) {}

  static async create<Message>(path: string, shownPath: string): Promise<FrameWriter<Message>> {
    return new FrameWriter<Message>(await TextFile.create(path, shownPath));
  }

  async write({ message, bytes }: Frame<Message>): Promise<void> {
    const text = serialize(message);
    const sizes = Buffer.alloc(2 * SIZE_BYTES);
    sizes.writeUIntBE(text.length, 0, SIZE_BYTES);
    sizes.writeUIntBE(bytes.length, SIZE_BYTES, SIZE_BYTES);
    for (const part of [sizes, text, bytes]) await this.file.writeWith("", part);
  }

  /** Flushes to the disk. */
  async finish(): Promise<{ sizeBytes: number; sha256: string }> {
    const sha256 = await this.file.finish();
    return { sizeBytes: this.file.sizeBytes, sha256 };
  }

  async abandon(): Promise<void> {
    await this.file.abandon();
  }
}

/** Reads them back, one at a time. */
export class FrameReader<Message> {
  private readonly hash = createHash("sha256");

  private constructor(
    private readonly handle: FileHandle,
    private readonly shownPath: string,
  ) {}

  static async open<Message>(path: string, shownPath: string): Promise<FrameReader<Message>> {
    try {
      return new FrameReader<Message>(await open(path, "r"), shownPath);
    } catch (error) {
      throw explainSystemError(error, shownPath);
    }
  }

  /** Null at the end. A file that ends within a frame gives null, too: its hash tells. */
  async next(): Promise<Frame<Message> | null> {
    const sizes = await this.read(2 * SIZE_BYTES);
    if (sizes === null) return null;
    const text = await this.read(sizes.readUIntBE(0, SIZE_BYTES));
    const bytes = await this.read(sizes.readUIntBE(SIZE_BYTES, SIZE_BYTES));
    return text === null || bytes === null ? null : { message: deserialize(text) as Message, bytes };
  }

  /** Of what was read. */
  digest(): string {
    return this.hash.copy().digest("hex");
  }

  async close(): Promise<void> {
    await this.handle.close();
  }

  private async read(size: number): Promise<Buffer | null> {
    const bytes = Buffer.allocUnsafe(size);
    try {
      for (let at = 0; at < size; ) {
        const { bytesRead } = await this.handle.read(bytes, at, Math.min(READ_BYTES, size - at));
        if (bytesRead === 0) return null;
        at += bytesRead;
      }
    } catch (error) {
      throw explainSystemError(error, this.shownPath);
    }
    this.hash.update(bytes);
    return bytes;
  }
}
