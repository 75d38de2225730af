import { writeSync } from "node:fs";
import type { CompatPlace } from "./compat-result.js";
import type { RenderedRows } from "./rows-maker.js";

export interface CompatTarget {
  descriptor: number;
  /** What an error message calls the file. */
  shownPath: string;
}

const LIST_START = "[".charCodeAt(0);

/** Writes rows where they belong. A system error names the file. */
export function writeRows(
  { descriptor, shownPath }: CompatTarget,
  rows: RenderedRows,
  place: CompatPlace,
): void {
  const { bytes } = rows;
  // A row stands behind a comma, the first one of all behind the bracket.
  if (place.isFirst && bytes.length > 0) bytes[0] = LIST_START;
  let { position } = place;
  try {
    for (const piece of fillGaps(rows, place)) {
      for (let at = 0; at < piece.length; ) {
        const written = writeSync(descriptor, piece, at, piece.length - at, position);
        at += written;
        position += written;
      }
    }
  } catch (error) {
    throw Object.assign(error as Error, { path: shownPath });
  }
}

function fillGaps({ bytes, result }: RenderedRows, { lastInput }: CompatPlace): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let start = 0;
  for (const { at } of result.gaps) {
    pieces.push(bytes.subarray(start, at), lastInput as Uint8Array);
    start = at;
  }
  return [...pieces, bytes.subarray(start)];
}
