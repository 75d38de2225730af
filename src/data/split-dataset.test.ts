import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { describe, expect, it } from "@jest/globals";
import { chat, names, useSplitFolder } from "../../test/split-folder.js";

const { at, ids, lines, split, write } = useSplitFolder();

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
    expect(JSON.parse(await readFile(at("out/manifest.json"), "utf8"))).toEqual(manifest);
  });

  it("gives the same bytes twice", async () => {
    await write(names(30).map(chat));
    await split({ validation: 0.1 });
    const first = await readFile(at("out/manifest.json"), "utf8");
    await split({ validation: 0.1 });
    expect(await readFile(at("out/manifest.json"), "utf8")).toBe(first);
    expect(await readdir(at(""))).toEqual(["in.jsonl", "out"]);
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
      const rejected = await readFile(at(`out${workers}/rejected.jsonl`), "utf8");
      results.push(JSON.stringify(manifest) + rejected);
    }
    expect(new Set(results).size).toBe(1);
    expect(results[0]).toContain('"used":2500');
    expect(results[0]).toContain('"unknown_format":2');
  });

  it("gives a repeated id a new one from its place", async () => {
    await write(["b", "c", "d"].map((task) => chat(task).replace(`"id":"${task}"`, '"id":"a"')));
    await split();
    expect(await ids("")).toEqual(["a", "in.jsonl:1", "in.jsonl:2"]);
  });

  it("gives unique ids to records without one, also where two inputs have files of the same name", async () => {
    const nameless = (task: string) => chat(task).replace(`"id":"${task}",`, "");
    await mkdir(at("more"));
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

  it("hashes all of an input, also where the rest of a file is not read", async () => {
    const zip = Buffer.concat([Buffer.from("PK\u0003\u0004"), Buffer.alloc(3_000_000)]);
    await write([chat("a")]);
    await writeFile(at("zip.json"), zip);
    const [first] = (await split({ inputs: ["."] })).inputs;
    zip[zip.length - 1] = 1;
    await writeFile(at("zip.json"), zip);
    await rm(at("out"), { recursive: true });
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
});
