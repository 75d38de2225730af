import type { LogChunk } from "./provider.js";

const CHUNK_BYTES = 256 * 1024;

/** At most so many bytes from a position on; null or empty where there are none. */
export type ReadAt = (position: number, maxBytes: number) => Promise<Buffer | null>;

/**
 * Whole lines from a byte position on, some hundred kilobytes at a time; a missing file is an empty one.
 * `isEnded`: nobody writes any more, so a last line without its end is handed out, too.
 */
export async function readWholeLines(
  readAt: ReadAt,
  cursor: string | null,
  isEnded = false,
): Promise<LogChunk> {
  const start = Number(cursor ?? 0) || 0;
  const pieces: Buffer[] = [];
  for (let position = start; ; ) {
    const piece = await readAt(position, CHUNK_BYTES);
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
