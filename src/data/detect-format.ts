import { isStackOverflow } from "./nested-too-deeply.js";
import type { Format, Reader } from "./readers/reader.js";

/** A format, and by what a record was told to be of it. */
export interface Detection {
  format: Format;
  by: string;
}

/** All formats that know a record, the likeliest first. */
export function detectFormats(record: unknown, readers: readonly Reader[]): Detection[] {
  return readers.flatMap(({ format, detect }) => {
    const by = detectSafely(record, detect);
    return by === null ? [] : [{ format, by }];
  });
}

function detectSafely(record: unknown, detect: Reader["detect"]): string | null {
  try {
    return detect(record);
  } catch (error) {
    if (isStackOverflow(error)) return null;
    throw error;
  }
}
