import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { packageRoot } from "../../test/shared-data.js";
import type { DatasetManifest } from "../core/dataset-manifest.js";
import { Example } from "../core/example.js";
import type { Subset } from "../core/roles.js";
import { loadProfile } from "../prompts/load-profile.js";
import { type SplitRequest, splitDataset } from "./split-dataset.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "split-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const profile = await loadProfile("thread", { packageRoot, cwd: packageRoot });

async function split(changes: Partial<SplitRequest> = {}): Promise<DatasetManifest> {
  const request: SplitRequest = {
    inputs: ["in.jsonl"],
    out: "out",
    cwd: folder,
    excludedIds: new Set(),
    limit: null,
    validation: 0,
    seed: 0,
    isStrict: false,
    maxErrors: null,
    isDryRun: false,
    createdBy: "test",
    workers: 0,
    profile,
    signal: new AbortController().signal,
    ...changes,
  };
  for await (const event of splitDataset(request)) if (event.type === "done") return event.manifest;
  throw new Error("no manifest");
}

const chat = (id: string | number) =>
  JSON.stringify({
    id,
    tools: [],
    messages: [
      { role: "user", content: `q${id}` },
      { role: "assistant", content: "a" },
    ],
  });
const write = (lines: string[], name = "in.jsonl") => writeFile(join(folder, name), lines.join("\n"));
const lines = async (path: string) =>
  (await readFile(join(folder, path), "utf8")).split("\n").filter((line) => line !== "");
const ids = async (side: string, subset: Subset = "backbone") =>
  (await lines(`out/${side}${subset}.jsonl`)).map((line) => Example.parse(JSON.parse(line)).trajectory);

const rowsOf = async (path: string) =>
  (await lines(`out/${path}`)).map((line) => Example.parse(JSON.parse(line)));
const textOf = (row: Example) => row.segments.map((segment) => segment.text).join("");

const names = (count: number, from = 0) => Array.from({ length: count }, (_, index) => `t${from + index}`);

describe("splitDataset", () => {
  it("writes the four subsets, the rejected records and the manifest", async () => {
    await write([chat("a"), "{broken", chat("b"), "[]"]);
    const manifest = await split();
    expect(await ids("")).toEqual(["a", "b"]);
    expect(manifest.records).toEqual({
      read: 4,
      used: 2,
      excluded: 0,
      rejected: { invalid_json: 1, not_openai: 1 },
    });
    const rejected = (await lines("out/rejected.jsonl")).map((line) => JSON.parse(line));
    expect(rejected[0]).toMatchObject({
      position: { input: "in.jsonl", file: "in.jsonl", index: 1 },
      reason: "invalid_json",
      record: "{broken",
    });
    expect(JSON.parse(await readFile(join(folder, "out/manifest.json"), "utf8"))).toEqual(manifest);
  });

  it("gives the same bytes twice", async () => {
    await write(names(30).map(chat));
    await split({ validation: 0.1 });
    const first = await readFile(join(folder, "out/manifest.json"), "utf8");
    await split({ validation: 0.1 });
    expect(await readFile(join(folder, "out/manifest.json"), "utf8")).toBe(first);
    expect(await readdir(folder)).toEqual(["in.jsonl", "out"]);
  });

  it("gives the same bytes with any number of threads", async () => {
    const broken = ["{broken", "[]", '{"id": "only"}'];
    await write([
      ...broken,
      ...names(2500).flatMap((name, at) => (at % 400 ? chat(name) : [chat(name), "{"])),
    ]);
    const results = [];
    for (const workers of [0, 1, 3]) {
      const manifest = await split({ validation: 0.1, workers, out: `out${workers}` });
      const rejected = await readFile(join(folder, `out${workers}/rejected.jsonl`), "utf8");
      results.push(JSON.stringify(manifest) + rejected);
    }
    expect(new Set(results).size).toBe(1);
    expect(results[0]).toContain('"used":2500');
    expect(results[0]).toContain('"unknown_format":2');
  });

  it("stops its threads when it stops early", async () => {
    await write([chat("a"), "{broken", ...names(1500).map(chat)]);
    await expect(split({ workers: 2, isStrict: true })).rejects.toMatchObject({ code: "bad_input" });
    expect(await readdir(folder)).toEqual(["in.jsonl"]);
  });

  it("keeps a trajectory on its side of the validation share, whatever the order", async () => {
    await write(names(200).map(chat));
    await split({ validation: 0.1 });
    const forward = await ids("validation/");
    await write(names(200).reverse().map(chat));
    await split({ validation: 0.1 });
    expect((await ids("validation/")).sort()).toEqual(forward.sort());
    expect(forward.length).toBeGreaterThan(8);
    await split({ validation: 0.1, seed: 1 });
    expect((await ids("validation/")).sort()).not.toEqual(forward.sort());
  });

  it.each([2, 3, 10])(
    "has one validation trajectory at least among %i, the same in any order",
    async (count) => {
      const chosen = new Set<string>();
      for (const order of [names(count), names(count).reverse()]) {
        await write(order.map(chat));
        const { trajectories } = await split({ validation: 0.0001 });
        expect(trajectories).toEqual({ train: count - 1, validation: 1 });
        for (const id of await ids("validation/")) chosen.add(id);
      }
      expect(chosen.size).toBe(1);
    },
  );

  it("keeps all attempts at one task on one side, and at least one task on either", async () => {
    const attempt = (task: string, at: number) =>
      chat(task).replace(`"id":"${task}",`, "").replace('"content":"a"', `"content":"answer ${at}"`);
    const tasks = names(40).flatMap((task) => [task, task, task]);
    await write([...tasks, ...tasks.reverse()].map(attempt));
    const { trajectories } = await split({ validation: 0.2 });
    const sides = await Promise.all([rowsOf("backbone.jsonl"), rowsOf("validation/backbone.jsonl")]);
    const [train = [], validation = []] = sides.map((rows) => rows.map(textOf));
    expect([train.length, validation.length]).toEqual([trajectories.train, trajectories.validation]);
    expect(train.filter((text) => validation.includes(text))).toEqual([]);
    for (const share of [0.0001, 0.9999]) {
      await write(["a", "b", "a", "b", "b", "a"].map(attempt));
      expect((await split({ validation: share })).trajectories).toEqual({ train: 3, validation: 3 });
      await write(["a", "a", "a"].map(attempt));
      expect((await split({ validation: share })).trajectories).toEqual({ train: 3, validation: 0 });
    }
  });

  it("keeps something to train on, however large the share", async () => {
    await write(names(5).map(chat));
    expect((await split({ validation: 0.9999 })).trajectories).toEqual({ train: 1, validation: 4 });
    await write(names(1).map(chat));
    expect((await split({ validation: 0.02 })).trajectories).toEqual({ train: 1, validation: 0 });
  });

  it("gives a repeated id a new one from its place", async () => {
    await write(["b", "c", "d"].map((task) => chat(task).replace(`"id":"${task}"`, '"id":"a"')));
    await split();
    expect(await ids("")).toEqual(["a", "in.jsonl:1", "in.jsonl:2"]);
  });

  it("gives unique ids to records without one, also where two inputs have files of the same name", async () => {
    const nameless = (task: string) => chat(task).replace(`"id":"${task}",`, "");
    await mkdir(join(folder, "more"));
    await write([nameless("a"), nameless("b")]);
    await write([nameless("c"), chat("in.jsonl:1"), chat("task:7")], "more/in.jsonl");
    await split({ inputs: ["in.jsonl", "more/in.jsonl"] });
    expect(await ids("")).toEqual(["in.jsonl:0", "in.jsonl:1", "in.jsonl:0~2", "in.jsonl:1~2", "task:7"]);
  });

  it("leaves out excluded ids, and no more trajectories than the limit", async () => {
    await write(names(5).map(chat));
    const manifest = await split({ excludedIds: new Set(["t0", "t3"]), limit: 2 });
    expect(await ids("")).toEqual(["t1", "t2"]);
    expect(manifest.records).toEqual({ read: 3, used: 2, excluded: 1, rejected: {} });
    const whole = await split({ excludedIds: new Set(["t0", "t3"]) });
    expect(whole.inputs[0]?.sha256).toBe(manifest.inputs[0]?.sha256);
  });

  it("uses the whole records of an array that is cut", async () => {
    await writeFile(join(folder, "in.json"), `[${chat("a")},${chat("b")},${chat("c").slice(0, 30)}`);
    const manifest = await split({ inputs: ["in.json"] });
    expect(manifest.records).toMatchObject({ used: 2, rejected: { truncated: 1 } });
    await expect(split({ inputs: ["in.json"], isStrict: true })).rejects.toMatchObject({ code: "bad_input" });
  });

  it("stops at more errors than allowed and leaves the old data set as it was", async () => {
    await write([chat("a")]);
    await split();
    await write(["{}", "{}", chat("b")]);
    await expect(split({ maxErrors: 1, format: "openai" })).rejects.toMatchObject({
      code: "too_many_errors",
    });
    expect(await ids("")).toEqual(["a"]);
    expect(await readdir(folder)).toEqual(["in.jsonl", "out"]);
  });

  it("rejects a record whose rows of single steps would fill the memory", async () => {
    const turns = Array.from({ length: 1000 }, (_, index) => [
      { role: "user", content: "x".repeat(200) },
      { role: "assistant", content: `${index}${"y".repeat(1000)}` },
    ]);
    const long = JSON.stringify({ tools: [], messages: turns.flat() });
    await write([chat("a"), long, chat("b")]);
    const step = await loadProfile("step", { packageRoot, cwd: packageRoot });
    const { records } = await split({ profile: step });
    expect(records).toMatchObject({ used: 2, rejected: { rows_too_large: 1 } });
    expect((await split()).records).toMatchObject({ used: 3, rejected: {} });
  });

  it("lets no first, odd or deep record stop the run", async () => {
    const deep = "[".repeat(20_000) + "]".repeat(20_000);
    const withDeepTool = chat("b").replace('"tools":[]', `"tools":[{"name":"t","parameters":{"x":${deep}}}]`);
    await write(['{"note":1}', chat("a"), withDeepTool, `{"x":${deep}}`, chat("c")]);
    const { records } = await split();
    const rejected = { unknown_format: 1, nested_too_deeply: 2 };
    expect(records).toEqual({ read: 5, used: 2, excluded: 0, rejected });
    expect(await lines("out/rejected.jsonl")).toHaveLength(3);
  });

  it("hashes all of an input, also where the rest of a file is not read", async () => {
    const zip = Buffer.concat([Buffer.from("PK\u0003\u0004"), Buffer.alloc(3_000_000)]);
    await write([chat("a")]);
    await writeFile(join(folder, "zip.json"), zip);
    const [first] = (await split({ inputs: ["."] })).inputs;
    zip[zip.length - 1] = 1;
    await writeFile(join(folder, "zip.json"), zip);
    await rm(join(folder, "out"), { recursive: true });
    const [second] = (await split({ inputs: ["."] })).inputs;
    expect(second).toMatchObject({ sizeBytes: first?.sizeBytes, records: 2 });
    expect(second?.sha256).not.toBe(first?.sha256);
  });

  it("tells how many trajectories were left out by their ids, and warns where none was", async () => {
    await write([chat("a"), chat("b")]);
    const { warnings } = await split({ excludedIds: new Set(["x"]) });
    expect(warnings).toContain("none of the ids to leave out is the id of a trajectory");
    const one = await split({ excludedIds: new Set(["a", "x"]) });
    expect(one.excluded).toEqual({ excluded_id: 1 });
  });

  it("says why when nothing came out, and writes nothing", async () => {
    await write(["{}"]);
    await expect(split({ format: "openai" })).rejects.toMatchObject({ code: "bad_dataset" });
    await expect(split({ inputs: ["none.json"] })).rejects.toMatchObject({ code: "not_found" });
    await write([""]);
    await expect(split()).rejects.toMatchObject({ code: "bad_input", message: "in.jsonl is empty" });
    await writeFile(join(folder, "in.json"), "[]");
    await expect(split({ inputs: ["in.json"] })).rejects.toMatchObject({ code: "bad_dataset" });
    expect(await readdir(folder)).toEqual(["in.json", "in.jsonl"]);
  });

  it("does not touch a folder that holds something else", async () => {
    await write([chat("a")]);
    await expect(split({ out: "." })).rejects.toThrow("holds something that is not a data set");
    await split();
    await writeFile(join(folder, "out/notes.txt"), "mine");
    await expect(split()).rejects.toMatchObject({ code: "bad_dataset" });
    expect(await readFile(join(folder, "out/notes.txt"), "utf8")).toBe("mine");
  });

  it("leaves nothing when it is interrupted, or writes nothing on a dry run", async () => {
    await write(names(5).map(chat));
    await expect(split({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "interrupted" });
    expect((await split({ isDryRun: true })).subsets.planner.train.rows).toBe(5);
    expect(await readdir(folder)).toEqual(["in.jsonl"]);
  });
});
