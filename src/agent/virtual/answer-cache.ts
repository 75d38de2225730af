import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { explainSystemError, MllmError, systemErrorCode } from "../../core/errors.js";
import { canonicalJson } from "../../core/ids.js";
import { JSON_ONLY, parsePythonLiteral } from "../../core/python-literal.js";
import { type ApiAddress, addressKey } from "./api-address.js";
import type { VirtualAnswer } from "./virtual-answer.js";

export interface RecordedCall {
  input: unknown;
  answer: VirtualAnswer;
}

/**
 * Answers of APIs in StableToolBench's layout: `<category>/<tool>_for_<category>/<api>.json`, each an object from
 * input to answer. An input is written as canonical JSON; Python's `str(dict)`, as that project writes it, is read,
 * too. Nothing else is ever in a file half: it is written beside and renamed, one write at a time.
 */
export interface AnswerCache {
  find(address: ApiAddress, input: Record<string, unknown>): Promise<VirtualAnswer | null>;
  /** All that is known of an API, in the order of the inputs' texts. */
  list(address: ApiAddress): Promise<RecordedCall[]>;
  /** In place of what was kept for the same input. */
  keep(address: ApiAddress, input: Record<string, unknown>, answer: VirtualAnswer): Promise<void>;
}

type Entries = Record<string, unknown>;

export function openAnswerCache(folder: string): AnswerCache {
  const writing = new Map<string, Promise<void>>();
  const pathOf = ({ category, tool, api }: ApiAddress) =>
    join(folder, category, `${tool}_for_${category}`, `${api}.json`);
  return {
    find: async (address, input) => findIn(await readEntries(pathOf(address)), canonicalJson(input)),
    list: async (address) => toCalls(await readEntries(pathOf(address))),
    keep: async (address, input, answer) => {
      const [path, key] = [pathOf(address), addressKey(address)];
      const before = writing.get(key) ?? Promise.resolve();
      const written = before.catch(() => undefined).then(() => add(path, canonicalJson(input), answer));
      writing.set(key, written);
      try {
        await written;
      } finally {
        if (writing.get(key) === written) writing.delete(key);
      }
    },
  };
}

/** For those who keep nothing on disk. */
export function createMemoryAnswers(): AnswerCache {
  const files = new Map<string, Entries>();
  const entriesOf = (address: ApiAddress): Entries => files.get(addressKey(address)) ?? {};
  return {
    find: async (address, input) => findIn(entriesOf(address), canonicalJson(input)),
    list: async (address) => toCalls(entriesOf(address)),
    keep: async (address, input, answer) => {
      files.set(addressKey(address), { ...entriesOf(address), [canonicalJson(input)]: answer });
    },
  };
}

async function readEntries(path: string): Promise<Entries> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return {};
    throw explainSystemError(error, path);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {}
  throw new MllmError("bad_state", `${path} is no JSON object of recorded answers`, {
    hint: "Mend the file, or move it away.",
  });
}

function findIn(entries: Entries, wanted: string): VirtualAnswer | null {
  const exact = Object.hasOwn(entries, wanted) ? entries[wanted] : undefined;
  if (isObject(exact)) return exact;
  const foreign = Object.entries(entries).find(([key]) => toCanonical(key) === wanted);
  return foreign !== undefined && isObject(foreign[1]) ? foreign[1] : null;
}

function toCanonical(key: string): string | null {
  const input = readKey(key);
  return input === undefined ? null : canonicalJson(input);
}

/** Undefined where the key is neither JSON nor what Python prints of it. */
function readKey(key: string): unknown {
  for (const read of [JSON.parse, readPython]) {
    try {
      return read(key);
    } catch {}
  }
  return undefined;
}

const readPython = (text: string): unknown => parsePythonLiteral(text, JSON_ONLY);

function toCalls(entries: Entries): RecordedCall[] {
  return Object.keys(entries)
    .sort()
    .flatMap((key) => {
      const [input, answer] = [readKey(key), entries[key]];
      return input !== undefined && isObject(answer) ? [{ input, answer }] : [];
    });
}

async function add(path: string, key: string, answer: VirtualAnswer): Promise<void> {
  const entries = await readEntries(path);
  const others = Object.entries(entries).filter(([known]) => known !== key && toCanonical(known) !== key);
  // Sorted, so that the order of calls does not show.
  const sorted = [...others, [key, answer] as const].sort(([a], [b]) => (a < b ? -1 : 1));
  await writeWhole(path, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
}

/** Readers find the old file or the new one, whenever this is cut short. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, text);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw explainSystemError(error, path);
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
