import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { explainSystemError, MllmError } from "../core/errors.js";

/** Ids to leave out: `10` in every group, `G1:10` in one. */
export type ExcludedIds = ReadonlySet<string>;

/** The ids of all these files: each ToolBench's `{"10": 0}`, a JSON list, or one id a line. */
export async function readExcludedIds(paths: string[], cwd: string): Promise<ExcludedIds> {
  return new Set(await readNames(paths, cwd, "ids"));
}

/** The names of tools in all these files, as ids are given. */
export async function readExcludedTools(paths: string[], cwd: string): Promise<string[]> {
  return [...new Set(await readNames(paths, cwd, "tools"))];
}

type Listed = "ids" | "tools" | "categories";

/** The names in all these files, in order. */
export async function readNames(paths: string[], cwd: string, what: Listed): Promise<string[]> {
  const lists = await Promise.all(paths.map((path) => readList(path, resolve(cwd, path), what)));
  return lists.flat();
}

async function readList(shownPath: string, path: string, what: Listed): Promise<string[]> {
  let text: string;
  try {
    text = (await readFile(path, "utf8")).replace(/^\ufeff/, "").trim();
  } catch (error) {
    throw explainSystemError(error, shownPath);
  }
  if (!/^[[{]/.test(text))
    return text
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== "");
  try {
    const parsed = JSON.parse(text) as unknown[] | Record<string, unknown>;
    if (!Array.isArray(parsed)) return Object.keys(parsed);
    if (parsed.every((id) => typeof id === "string" || typeof id === "number")) return parsed.map(String);
    throw new Error("the list holds something that is no name");
  } catch (cause) {
    throw new MllmError("bad_input", `${shownPath} is no list of ${what}: ${(cause as Error).message}`, {
      hint: `Give an object whose keys are the ${what}, a list, or one a line.`,
      cause,
    });
  }
}

export function isExcluded(ids: ExcludedIds, id: string, sourceId: string | null): boolean {
  if (ids.has(id)) return true;
  return sourceId !== null && (ids.has(sourceId) || ids.has(sourceId.replace(/^G\d:/, "")));
}
