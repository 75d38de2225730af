import { open } from "node:fs/promises";
import type { LogChunk } from "../provider.js";

const CHUNK_BYTES = 256 * 1024;

/**
 * Whole lines from a byte position on, some hundred kilobytes at a time; a missing file is an empty one.
 * `isEnded`: nobody writes any more, so a last line without its end is handed out, too.
 */
export async function readLines(path: string, cursor: string | null, isEnded = false): Promise<LogChunk> {
  const start = Number(cursor ?? 0) || 0;
  const file = await open(path, "r").catch(() => null);
  if (file === null) return { text: "", cursor: String(start) };
  try {
    const pieces: Buffer[] = [];
    for (let position = start; ; ) {
      const buffer = Buffer.alloc(CHUNK_BYTES);
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, position);
      if (bytesRead === 0) return finish(pieces, isEnded ? Number.POSITIVE_INFINITY : 0, start);
      const piece = buffer.subarray(0, bytesRead);
      const end = piece.lastIndexOf("\n") + 1;
      pieces.push(piece);
      if (end > 0) return finish(pieces, position - start + end, start);
      position += bytesRead;
    }
  } finally {
    await file.close();
  }
}

function finish(pieces: Buffer[], length: number, start: number): LogChunk {
  const bytes = Buffer.concat(pieces);
  const taken = bytes.subarray(0, Math.min(length, bytes.length));
  return { text: taken.toString("utf8"), cursor: String(start + taken.length) };
}

/** The last lines of a file: whole ones, and what follows the last line end. */
export async function readTail(path: string, maxBytes: number): Promise<string[]> {
  const file = await open(path, "r").catch(() => null);
  if (file === null) return [];
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - maxBytes);
    const buffer = Buffer.alloc(size - start);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
    const lines = buffer.subarray(0, bytesRead).toString("utf8").split("\n");
    return start === 0 ? lines : lines.slice(1);
  } finally {
    await file.close();
  }
}
