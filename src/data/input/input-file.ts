import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { explainSystemError, MllmError } from "../../core/errors.js";

/** A file of an input, wherever its bytes come from. */
export interface InputFile {
  /** Relative to the input; a single file's own name. */
  name: string;
  /** Null where only the end of the stream tells. */
  sizeBytes: number | null;
  /** Where it lies on this machine, absolute; null for what comes over a stream. */
  path: string | null;
  /** Its bytes from the beginning. Throws a MllmError where they cannot be had. */
  chunks(): AsyncGenerator<Buffer, void>;
}

const CHUNK_BYTES = 1024 * 1024;
const SMALLEST_CHUNK_BYTES = 4096;

export function createLocalFile(path: string, name: string, sizeBytes: number): InputFile {
  return { name, sizeBytes, path, chunks: () => readLocal(path, sizeBytes) };
}

async function* readLocal(path: string, sizeBytes: number): AsyncGenerator<Buffer, void> {
  try {
    const handle = await open(path, "r");
    try {
      for (;;) {
        const buffer = Buffer.allocUnsafe(
          Math.min(CHUNK_BYTES, Math.max(SMALLEST_CHUNK_BYTES, sizeBytes + 1)),
        );
        const { bytesRead } = await handle.read(buffer, 0, buffer.length);
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw explainSystemError(error, path);
  }
}

/** What is piped in: readable once. */
export function createStandardInput(stream: Readable): InputFile {
  let isTaken = false;
  return {
    ...{ name: "stdin", sizeBytes: null, path: null },
    async *chunks() {
      if (isTaken) {
        throw new MllmError("bad_input", "standard input can be read only once", {
          hint: "Give - once, or write the stream to a file first.",
        });
      }
      isTaken = true;
      for await (const chunk of stream) yield Buffer.from(chunk);
    },
  };
}
