import type { LogChunk } from "../provider.js";
import { readWholeLines } from "../read-whole-lines.js";
import type { Storage } from "../storage.js";

const CHUNK_BYTES = 256 * 1024;

/** As readWholeLines, of a file of a storage. */
export function readStoredLines(
  { storage, path }: { storage: Storage; path: string },
  cursor: string | null,
  isEnded = false,
): Promise<LogChunk> {
  return readWholeLines((position, maxBytes) => storage.read(path, position, maxBytes), cursor, isEnded);
}

/** The whole of a small file; null where there is none. */
export async function readStoredText(storage: Storage, path: string): Promise<string | null> {
  const pieces: Buffer[] = [];
  for (let position = 0; ; ) {
    const piece = await storage.read(path, position, CHUNK_BYTES);
    if (piece === null) return null;
    pieces.push(piece);
    position += piece.length;
    if (piece.length < CHUNK_BYTES) return Buffer.concat(pieces).toString("utf8");
  }
}

/** Null where it is no JSON. */
export function parseJson(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
