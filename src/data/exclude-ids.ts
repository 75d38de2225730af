import { readFile } from "node:fs/promises";
import { explainSystemError, MllmError } from "../core/errors.js";

/** Ids to leave out: `10` in every group, `G1:10` in one. */
export type ExcludedIds = ReadonlySet<string>;

/** Reads ToolBench's `{"10": 0}`, a JSON list, or one id a line. `path` is absolute. */
export async function readExcludedIds(path: string, shownPath: string): Promise<ExcludedIds> {
  let text: string;
  try {
    text = (await readFile(path, "utf8")).replace(/^\ufeff/, "").trim();
  } catch (error) {
    throw explainSystemError(error, shownPath);
  }
  if (!/^[[{]/.test(text))
    return new Set(
      text
        .split(/\r?\n/)
        .map((line) => line.trim())
        .filter((line) => line !== ""),
    );
  try {
    const parsed: unknown = JSON.parse(text);
    if (Array.isArray(parsed)) return new Set(parsed.map(String));
    if (typeof parsed === "object" && parsed !== null) return new Set(Object.keys(parsed));
  } catch (cause) {
    throw new MllmError("bad_input", `${shownPath} is not valid JSON`, {
      hint: "Give an object whose keys are the ids, a list, or one id a line.",
      cause,
    });
  }
  return new Set();
}

export function isExcluded(ids: ExcludedIds, id: string, sourceId: string | null): boolean {
  if (ids.has(id)) return true;
  return sourceId !== null && (ids.has(sourceId) || ids.has(sourceId.replace(/^G\d:/, "")));
}
