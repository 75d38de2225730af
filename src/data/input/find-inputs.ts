import type { Dirent, Stats } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { explainSystemError, MllmError, systemErrorCode } from "../../core/errors.js";
import type { HubAccess } from "./hub-files.js";
import { createLocalFile, createStandardInput, type InputFile } from "./input-file.js";
import { createRemoteFile } from "./remote-file.js";

/** A file, a folder, a stream or an address as the user named it. */
export interface Input {
  path: string;
  isFolder: boolean;
  files: InputFile[];
}

const DATA_FILE = /\.((json|jsonl|ndjson|csv|tsv)(\.(gz|zst))?|parquet|arrow)$/i;

/** Where inputs are looked for. */
export interface InputPlace {
  cwd: string;
  /** What `-` stands for; without it nothing is piped in. */
  stdin?: () => Readable;
  /** Without it, the public Hub without a token. */
  hub?: HubAccess;
}

const PUBLIC_HUB: HubAccess = { endpoint: "https://huggingface.co", token: null, fetch: globalThis.fetch };

/** The data files of an input, those of a folder sorted by name so that every run sees the same order. */
export async function findInput(path: string, place: InputPlace): Promise<Input> {
  const hub = place.hub ?? PUBLIC_HUB;
  if (path === "-" && place.stdin !== undefined) {
    return { path, isFolder: false, files: [createStandardInput(place.stdin())] };
  }
  if (path.startsWith("hf://")) {
    // Loaded where it is needed only: the library behind it takes a while.
    const { listHubFiles } = await import("./hub-files.js");
    return { path, ...(await listHubFiles(path, hub, isDataFile)) };
  }
  if (/^https?:\/\//.test(path))
    return { path: withoutQuery(path), isFolder: false, files: [atUrl(path, hub)] };
  try {
    return await findLocalInput(path, place.cwd);
  } catch (error) {
    throw explainSystemError(error, path);
  }
}

/** Relative to their inputs. */
export function fileNamesOf(inputs: readonly Input[]): string[] {
  return inputs.flatMap(({ files }) => files.map(({ name }) => name));
}

/** Null where only the end of a stream tells. */
export function totalBytes(inputs: readonly Input[]): number | null {
  const sizes = inputs.flatMap(({ files }) => files.map(({ sizeBytes }) => sizeBytes));
  return sizes.reduce((total, size) => (total === null || size === null ? null : total + size), 0);
}

const isDataFile = (name: string): boolean => DATA_FILE.test(name);

/** Signed addresses have their secret there. */
const withoutQuery = (address: string): string => address.replace(/[?#].*$/, "");

function atUrl(address: string, { fetch }: HubAccess): InputFile {
  if (!URL.canParse(address)) throw new MllmError("bad_input", `${address} is no address`);
  const url = new URL(address);
  return createRemoteFile(url, decodeURIComponent(basename(url.pathname)) || url.hostname, { fetch });
}

async function findLocalInput(path: string, cwd: string): Promise<Input> {
  const absolute = resolve(cwd, path);
  const found = await stat(absolute);
  if (!found.isDirectory()) {
    if (!found.isFile()) {
      throw new MllmError("bad_input", `${path} is neither a file nor a folder`, {
        hint: "A stream is read from standard input: COMMAND | mllm split-data - …",
      });
    }
    const file = createLocalFile(absolute, basename(absolute), found.size);
    return { path, isFolder: false, files: [file] };
  }
  const others: string[] = [];
  const files = await walk({ root: absolute, shownRoot: path, others }, "", [await realpath(absolute)]);
  if (files.length > 0) return { path, isFolder: true, files };
  const shown = `it holds ${others.slice(0, 3).join(", ")}${others.length > 3 ? ", …" : ""}`;
  throw new MllmError(
    "bad_input",
    `${path} has no data file: ${others.length === 0 ? "it is empty" : shown}`,
    {
      hint: "Expected .json, .jsonl, .csv, .tsv (also with .gz or .zst), .parquet or .arrow.",
    },
  );
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
    else if (found === null || !isDataFile(entry.name)) state.others.push(name);
    else {
      const path = join(state.root, name);
      files.push(createLocalFile(path, name, (await stat(path)).size));
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
