import { open } from "node:fs/promises";
import type { LogChunk } from "../provider.js";
import { type ReadAt, readWholeLines } from "../read-whole-lines.js";

/** As readWholeLines, of a file of this machine. */
export async function readLines(path: string, cursor: string | null, isEnded = false): Promise<LogChunk> {
  const file = await open(path, "r").catch(() => null);
  const readAt: ReadAt = async (position, maxBytes) => {
    if (file === null) return null;
    const buffer = Buffer.alloc(maxBytes);
    const { bytesRead } = await file.read(buffer, 0, maxBytes, position);
    return buffer.subarray(0, bytesRead);
  };
  try {
    return await readWholeLines(readAt, cursor, isEnded);
  } finally {
    await file?.close();
  }
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
