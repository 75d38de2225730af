import { jsonrepair } from "jsonrepair";
import { refuseDeep } from "./nested-too-deeply.js";

export interface LenientJson {
  value: unknown;
  /** The JSON text of `value`, as recorded where that was valid. */
  text: string;
  /** The text ended inside a string: its last value is cut. */
  isCut: boolean;
  /** What had to be done to read it; null where it is JSON as it stands. */
  repair: "double_encoded" | "repaired_json" | null;
}

/** Reads JSON that a model wrote: double-encoded, single-quoted, with trailing commas or raw newlines. Null where nothing can be made of it. */
export function parseLenientJson(text: string): LenientJson | null {
  const trimmed = text.trim();
  const strict = tryParse(trimmed);
  if (strict !== undefined) {
    // A JSON text inside a JSON string: encoded twice.
    if (typeof strict === "string") {
      const inner = tryParse(strict.trim());
      if (typeof inner === "object" && inner !== null)
        return { value: inner, text: strict.trim(), isCut: false, repair: "double_encoded" };
    }
    return { value: strict, text: trimmed, isCut: false, repair: null };
  }
  if (!/^[[{]/.test(trimmed)) return null;
  try {
    const repaired = jsonrepair(trimmed);
    const isCut = endsInsideString(trimmed);
    return { value: refuseDeep(JSON.parse(repaired)), text: repaired, isCut, repair: "repaired_json" };
  } catch {
    return null;
  }
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function endsInsideString(text: string): boolean {
  const closed = text.replace(/\\[\s\S]/g, "").match(/"/g)?.length ?? 0;
  return closed % 2 === 1 && !/["'}\]]$/.test(text);
}
