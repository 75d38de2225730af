import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "@jest/globals";
import type { DatasetManifest } from "../src/core/dataset-manifest.js";
import { Example } from "../src/core/example.js";
import type { Subset } from "../src/core/roles.js";
import { splitDataset } from "../src/data/split-dataset.js";
import type { SplitRequest } from "../src/data/split-settings.js";
import { loadProfile } from "../src/prompts/load-profile.js";
import { packageRoot } from "./shared-paths.js";

/** A chat of OpenAI's format without calls, as a line. */
export const chat = (id: string | number): string => {
  const messages = [
    { role: "user", content: `q${id}` },
    { role: "assistant", content: "a" },
  ];
  return JSON.stringify({ id, tools: [], messages });
};

/** `t0`, `t1` and so on. */
export const names = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `t${from + index}`);

const profile = await loadProfile("thread", { packageRoot, cwd: packageRoot });

/** A folder for each test, where `in.jsonl` is split to `out`. */
export function useSplitFolder() {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "split-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const at = (path: string): string => join(folder, path);
  const split = async (changes: Partial<SplitRequest> = {}): Promise<DatasetManifest> => {
    const request: SplitRequest = {
      ...{ inputs: ["in.jsonl"], out: "out", cwd: folder, excludedIds: new Set(), limit: null },
      ...{ validation: 0, seed: 0, isStrict: false, maxErrors: null, isDryRun: false, createdBy: "test" },
      ...{ workers: 0, profile, signal: new AbortController().signal },
      ...changes,
    };
    for await (const event of splitDataset(request)) if (event.type === "done") return event.manifest;
    throw new Error("no manifest");
  };
  const lines = async (path: string): Promise<string[]> =>
    (await readFile(at(path), "utf8")).split("\n").filter((line) => line !== "");
  const rowsOf = async (path: string): Promise<Example[]> =>
    (await lines(`out/${path}`)).map((line) => Example.parse(JSON.parse(line)));
  return {
    ...{ at, split, lines, rowsOf },
    write: (texts: string[], name = "in.jsonl") => writeFile(at(name), texts.join("\n")),
    ids: async (side: string, subset: Subset = "backbone") =>
      (await rowsOf(`${side}${subset}.jsonl`)).map(({ trajectory }) => trajectory),
  };
}
