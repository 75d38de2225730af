import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { packageRoot } from "../../../test/shared-data.js";
import type { DatasetManifest } from "../../core/dataset-manifest.js";
import { sha256 } from "../../core/ids.js";
import { loadProfile } from "../../prompts/load-profile.js";
import { openDataset } from "../open-dataset.js";
import type { TestOptions } from "../sides/side.js";
import { splitDataset } from "../split-dataset.js";
import type { SplitRequest } from "../split-settings.js";
import { mergeShards } from "./merge-shards.js";
import { writeShard } from "./write-shard.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "shards-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const profile = await loadProfile("thread", { packageRoot, cwd: packageRoot });
const signal = new AbortController().signal;

const request = (changes: Partial<SplitRequest>): SplitRequest => ({
  ...{ inputs: ["in.jsonl"], out: "out", cwd: folder, excludedIds: new Set(), limit: null },
  ...{ validation: 0.1, seed: 0, isStrict: false, maxErrors: null, isDryRun: false, createdBy: "test" },
  ...{ workers: 0, profile, signal, ...changes },
});

async function last<Event extends { type: string }>(events: AsyncGenerator<Event>) {
  for await (const event of events)
    if (event.type === "done") return event as Extract<Event, { type: "done" }>;
  throw new Error("no result");
}

const split = async (changes: Partial<SplitRequest> = {}): Promise<DatasetManifest> =>
  (await last(splitDataset(request(changes)))).manifest;

const shard = async (index: number, of: number, changes: Partial<SplitRequest> = {}) =>
  (await last(writeShard(request({ out: `shard-${index}-of-${of}`, ...changes }), { index, of }))).manifest;

const merge = async (shards: string[], changes: { out?: string; createdBy?: string } = {}) => {
  const place = { out: "merged", cwd: folder, isDryRun: false, createdBy: "test", signal };
  return (await last(mergeShards({ shards, ...place, ...changes }))).manifest;
};

const names = (of: number) => Array.from({ length: of }, (_, at) => `shard-${at + 1}-of-${of}`);

const hashOf = async (path: string) => sha256((await readFile(path)).toString("latin1"));

/** All files below a folder, and the hash of what they hold. */
async function contents(path: string): Promise<Record<string, string>> {
  const found = await readdir(join(folder, path), { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = await Promise.all(files.map((file) => hashOf(file)));
  return Object.fromEntries(
    files.map((file, at) => [file.slice(join(folder, path).length), texts[at] ?? ""]),
  );
}

function chat(at: number, id: unknown = `t${at}`): string {
  const call = { function: { name: `get_for_tool${at % 31}`, arguments: "{}" } };
  return JSON.stringify({
    ...(id !== null && { id }),
    tools: [{ name: `get_for_tool${at % 31}` }, { name: `set_for_tool${at % 13}` }],
    messages: [
      { role: "user", content: `do ${at % 700}` },
      { role: "assistant", content: "Look.", tool_calls: [call] },
      { role: "tool", content: `found \ud83d ${at}` },
      { role: "assistant", content: `It is ${at}.` },
    ],
  });
}

/** Three inputs with faults, ids that come twice within and across inputs, records without an id, and files that are cut. */
async function writeInputs(): Promise<string[]> {
  const lines = ["{broken", '{"note": 1}'];
  for (let at = 0; at < 1050; at += 1) {
    lines.push(chat(at, at % 5 === 0 ? null : at % 7 === 0 ? `t${at % 50}` : `t${at}`));
    if (at % 150 === 0) lines.push("[]", "{", '{"messages": []}');
  }
  await writeFile(join(folder, "in.jsonl"), lines.join("\n"));
  await mkdir(join(folder, "files"));
  for (let at = 0; at < 20; at += 1) {
    const text = at === 7 ? "[" : at === 11 ? `[${chat(at)},${chat(at + 1).slice(0, 40)}` : chat(at);
    await writeFile(join(folder, "files", `f${String(at).padStart(2, "0")}.json`), text);
  }
  await mkdir(join(folder, "more"));
  await writeFile(
    join(folder, "more/in.jsonl"),
    [chat(5, null), chat(1), chat(9000, "in.jsonl:3")].join("\n"),
  );
  return ["in.jsonl", "files", "more/in.jsonl"];
}

const SIDES: TestOptions = {
  ...{ test: 0.1, stratify: "tool", unseenTools: 0.05, unseenCategories: ["Maps"] },
  categories: { tool3: "Maps" },
};

describe("shards", () => {
  it("give the very data set of one run, however many they are", async () => {
    const inputs = await writeInputs();
    const settings = { inputs, sides: SIDES, excludedIds: new Set(["t12", "t13"]), maxErrors: 1000 };
    const manifest = await split(settings);
    expect(Object.values(manifest.trajectories).every((count) => (count ?? 0) > 0)).toBe(true);
    expect(Object.keys(manifest.excluded ?? {})).toEqual(
      expect.arrayContaining(["excluded_id", "instruction_on_other_side"]),
    );
    const files = await contents("out");
    for (const of of [1, 2, 3, 4, 5, 6, 7]) {
      for (let index = 1; index <= of; index += 1) await shard(index, of, settings);
      expect(await merge(names(of).reverse())).toEqual(manifest);
      expect(await contents("merged")).toEqual(files);
    }
  }, 120_000);

  it("give the same with any number of threads", async () => {
    const inputs = await writeInputs();
    const sides = SIDES;
    const manifest = await split({ inputs, sides });
    for (const index of [1, 2]) await shard(index, 2, { inputs, sides, workers: index });
    expect(await merge(names(2))).toEqual(manifest);
  });

  it("share the work out", async () => {
    await writeInputs();
    const counts = [await shard(1, 3, { inputs: ["files"] }), await shard(2, 3, { inputs: ["files"] })];
    expect(counts.map(({ batches, records }) => [batches, records])).toEqual([
      [20, 7],
      [20, 7],
    ]);
  });

  it("may be empty, and stop where one run stops", async () => {
    await writeFile(join(folder, "in.jsonl"), [chat(1), "{broken"].join("\n"));
    for (const index of [1, 2]) await shard(index, 2);
    expect((await merge(names(2))).records).toEqual({
      read: 2,
      used: 1,
      excluded: 0,
      rejected: { invalid_json: 1 },
    });
    for (const index of [1, 2]) await shard(index, 2, { isStrict: true });
    await expect(merge(names(2))).rejects.toMatchObject({ code: "bad_input" });
    await writeFile(join(folder, "in.jsonl"), "{broken");
    for (const index of [1, 2]) await shard(index, 2);
    await expect(merge(names(2))).rejects.toMatchObject({ code: "bad_dataset" });
    await expect(split()).rejects.toMatchObject({ code: "bad_dataset" });
  });

  it("are refused where they do not belong together", async () => {
    await writeFile(join(folder, "in.jsonl"), [chat(1), chat(2)].join("\n"));
    for (const index of [1, 2, 3]) await shard(index, 3);
    await expect(merge(["shard-1-of-3", "shard-3-of-3"])).rejects.toThrow("these are missing: 2");
    await expect(merge([...names(3), "shard-2-of-3"])).rejects.toThrow("shard 2 of 3 is given twice");
    await shard(2, 2);
    await expect(merge(["shard-1-of-3", "shard-2-of-2"])).rejects.toThrow("another number of shards");
    await shard(2, 3, { seed: 1 });
    await expect(merge(names(3))).rejects.toThrow("has other options than");
    await appendFile(join(folder, "in.jsonl"), "\n");
    await shard(2, 3);
    await expect(merge(names(3))).rejects.toThrow("has other inputs than");
    await expect(merge(names(3), { createdBy: "mllm 9" })).rejects.toThrow("was written by test");
    await expect(merge(["nothing"])).rejects.toThrow("is no shard");
    expect((await readdir(folder)).includes("merged")).toBe(false);
  });

  it("are refused where they are damaged", async () => {
    await writeFile(join(folder, "in.jsonl"), [chat(1), chat(2)].join("\n"));
    await shard(1, 1);
    const path = join(folder, "shard-1-of-1/outcomes.bin");
    const whole = await readFile(path);
    for (const at of [3, 20, whole.length - 1]) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await writeFile(path, changed);
      await expect(merge(["shard-1-of-1"])).rejects.toMatchObject({ code: "bad_dataset" });
    }
    await writeFile(path, whole.subarray(0, -1));
    await expect(merge(["shard-1-of-1"])).rejects.toThrow("is missing or was changed");
    expect(await readdir(folder)).toEqual(["in.jsonl", "shard-1-of-1"]);
  });

  it("refuse a limit, and a folder that holds something else", async () => {
    await writeFile(join(folder, "in.jsonl"), chat(1));
    await expect(shard(1, 1, { limit: 5 })).rejects.toMatchObject({ code: "usage" });
    await split();
    await expect(shard(1, 1, { out: "out" })).rejects.toMatchObject({ code: "bad_dataset" });
    await shard(1, 1);
    await expect(split({ out: "shard-1-of-1" })).rejects.toMatchObject({ code: "bad_dataset" });
    await shard(1, 1);
    await expect(openDataset(join(folder, "shard-1-of-1"))).rejects.toMatchObject({ code: "bad_dataset" });
  });
});

describe("splitDataset with tests", () => {
  it("gives the same bytes with any number of threads", async () => {
    const inputs = await writeInputs();
    await split({ inputs, sides: SIDES });
    await split({ inputs, sides: SIDES, workers: 3, out: "again" });
    expect(await contents("again")).toEqual(await contents("out"));
  });

  it("writes trajectories that give the very rows again, with their ids", async () => {
    await writeInputs();
    const { tests, trajectories } = await split({ sides: SIDES });
    for (const [side, { path }] of Object.entries(tests ?? {})) {
      await cp(join(folder, "out", path), join(folder, "held.jsonl"));
      const again = await split({ inputs: ["held.jsonl"], validation: 0, out: "again" });
      expect(again.records).toMatchObject({ read: trajectories[side as "test"], rejected: {} });
      expect(again.inputs[0]?.format).toBe("trajectory");
      for (const subset of ["backbone", "planner", "caller", "summarizer"]) {
        const rows = await hashOf(join(folder, "again", `${subset}.jsonl`));
        expect(rows).toBe(await hashOf(join(folder, "out", side, `${subset}.jsonl`)));
      }
    }
    expect(tests?.["test-unseen-categories"]?.unseen).toEqual(["Maps"]);
    const trained = await readFile(join(folder, "out/backbone.jsonl"), "utf8");
    expect(trained.match(/[gs]et_for_tool3\b/g)).toBeNull();
  });

  it("changes nothing that is trained where nothing is held out", async () => {
    await writeFile(join(folder, "in.jsonl"), Array.from({ length: 50 }, (_, at) => chat(at)).join("\n"));
    const none = { test: 0, stratify: null, unseenTools: null, unseenCategories: null, categories: {} };
    expect((await split({ sides: none })).hash).toBe((await split()).hash);
  });

  it("says so where nothing is left to train on", async () => {
    await writeFile(join(folder, "in.jsonl"), chat(1));
    const sides = { ...SIDES, unseenTools: ["get_for_tool1"] };
    await expect(split({ sides })).rejects.toThrow("no trajectory is left to train on");
  });
});
