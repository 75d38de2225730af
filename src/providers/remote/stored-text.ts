import type { LogChunk } from "../provider.js";
import type { Storage } from "../storage.js";

const CHUNK_BYTES = 256 * 1024;

/**
 * Whole lines from a byte position on, some hundred kilobytes at a time; a missing file is an empty one.
 * `isEnded`: nobody writes any more, so a last line without its end is handed out, too.
 */
export async function readStoredLines(
  { storage, path }: { storage: Storage; path: string },
  cursor: string | null,
  isEnded = false,
): Promise<LogChunk> {
  const start = Number(cursor ?? 0) || 0;
  const pieces: Buffer[] = [];
  for (let position = start; ; ) {
    const piece = await storage.read(path, position, CHUNK_BYTES);
    if (piece === null || piece.length === 0) {
      return finish(pieces, isEnded ? Number.POSITIVE_INFINITY : 0, start);
    }
    const end = piece.lastIndexOf("\n") + 1;
    pieces.push(piece);
    if (end > 0) return finish(pieces, position - start + end, start);
    position += piece.length;
  }
}

function finish(pieces: Buffer[], length: number, start: number): LogChunk {
  const bytes = Buffer.concat(pieces);
  const taken = bytes.subarray(0, Math.min(length, bytes.length));
  return { text: taken.toString("utf8"), cursor: String(start + taken.length) };
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
