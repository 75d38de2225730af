import type { Dirent, Stats } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { explainSystemError, MllmError, systemErrorCode } from "../../core/errors.js";

export interface InputFile {
  /** Absolute. */
  path: string;
  /** Relative to the input; a single file's own name. */
  name: string;
  sizeBytes: number;
}

/** A file or a folder as the user named it. */
export interface Input {
  path: string;
  isFolder: boolean;
  files: InputFile[];
}

const DATA_FILE = /\.((json|jsonl|ndjson|csv|tsv)(\.(gz|zst))?|parquet|arrow)$/i;

/** The data files of an input, those of a folder sorted by name so that every run sees the same order. */
export async function findInput(path: string, cwd: string): Promise<Input> {
  const absolute = resolve(cwd, path);
  try {
    const found = await stat(absolute);
    if (!found.isDirectory()) {
      if (!found.isFile()) {
        throw new MllmError("bad_input", `${path} is neither a file nor a folder`, {
          hint: "Inputs are read more than once: write the stream to a file first.",
        });
      }
      return {
        path,
        isFolder: false,
        files: [{ path: absolute, name: basename(absolute), sizeBytes: found.size }],
      };
    }
    const others: string[] = [];
    const files = await walk({ root: absolute, shownRoot: path, others }, "", [await realpath(absolute)]);
    if (files.length === 0) {
      const seen =
        others.length === 0
          ? "it is empty"
          : `it holds ${others.slice(0, 3).join(", ")}${others.length > 3 ? ", …" : ""}`;
      throw new MllmError("bad_input", `${path} has no data file: ${seen}`, {
        hint: "Expected .json, .jsonl, .csv, .tsv (also with .gz or .zst), .parquet or .arrow.",
      });
    }
    return { path, isFolder: true, files };
  } catch (error) {
    throw explainSystemError(error, path);
  }
}

interface Walk {
  root: string;
  shownRoot: string;
  /** What is no data file. */
  others: string[];
}

/** `above` holds the real paths of this folder and those it lies in. */
async function walk(state: Walk, folder: string, above: string[]): Promise<InputFile[]> {
  const entries = await readdir(join(state.root, folder), { withFileTypes: true });
  const files: InputFile[] = [];
  for (const entry of entries.sort(byName)) {
    // .DS_Store and the like.
    if (entry.name.startsWith(".")) continue;
    const name = join(folder, entry.name);
    const found = entry.isSymbolicLink() ? await follow(state, name) : entry;
    if (found?.isDirectory() === true)
      files.push(...(await walk(state, name, await descend(state, name, above))));
    else if (found === null || !DATA_FILE.test(entry.name)) state.others.push(name);
    else {
      const path = join(state.root, name);
      files.push({ path, name, sizeBytes: (await stat(path)).size });
    }
  }
  return files;
}

/** What a link leads to; null where that is nothing. */
async function follow({ root, shownRoot }: Walk, name: string): Promise<Stats | null> {
  try {
    return await stat(join(root, name));
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return null;
    throw explainSystemError(error, join(shownRoot, name));
  }
}

async function descend({ root, shownRoot }: Walk, name: string, above: string[]): Promise<string[]> {
  const real = await realpath(join(root, name));
  if (!above.includes(real)) return [...above, real];
  throw new MllmError("bad_input", `${join(shownRoot, name)} is a link to a folder that it lies in`, {
    hint: "Remove the link, or name the folders one by one.",
  });
}

/** By code unit: independent of the locale. */
function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : 1;
}
