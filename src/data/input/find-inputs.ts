import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { explainSystemError, MllmError } from "../../core/errors.js";

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

const DATA_FILE = /\.(json|jsonl|ndjson)(\.gz)?$/i;

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
    const files = await walk(absolute, "", others);
    if (files.length === 0) {
      const seen =
        others.length === 0
          ? "it is empty"
          : `it holds ${others.slice(0, 3).join(", ")}${others.length > 3 ? ", …" : ""}`;
      throw new MllmError("bad_input", `${path} has no .json or .jsonl file: ${seen}`, {
        hint: "Give a folder of JSON files, a JSON array, or JSON lines (also with .gz).",
      });
    }
    return { path, isFolder: true, files };
  } catch (error) {
    throw explainSystemError(error, path);
  }
}

async function walk(root: string, folder: string, others: string[]): Promise<InputFile[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  const files: InputFile[] = [];
  for (const entry of entries.sort(byName)) {
    // .DS_Store and the like.
    if (entry.name.startsWith(".")) continue;
    const name = join(folder, entry.name);
    const found = entry.isSymbolicLink() ? await stat(join(root, name)) : entry;
    if (found.isDirectory()) files.push(...(await walk(root, name, others)));
    else if (!DATA_FILE.test(entry.name)) others.push(name);
    else files.push({ path: join(root, name), name, sizeBytes: (await stat(join(root, name))).size });
  }
  return files;
}

/** By code unit: independent of the locale. */
function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : 1;
}
