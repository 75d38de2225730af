import { readdir, readFile, writeFile } from "node:fs/promises";
import { describe, expect, it } from "@jest/globals";
import { packageRoot } from "../../test/shared-paths.js";
import { chat, names, useSplitFolder } from "../../test/split-folder.js";
import { loadProfile } from "../prompts/load-profile.js";

const { at, ids, lines, split, write } = useSplitFolder();

describe("splitDataset, where something is wrong", () => {
  it("stops its threads when it stops early", async () => {
    await write([chat("a"), "{broken", ...names(1500).map(chat)]);
    await expect(split({ workers: 2, isStrict: true })).rejects.toMatchObject({ code: "bad_input" });
    expect(await readdir(at(""))).toEqual(["in.jsonl"]);
  });

  it("uses the whole records of an array that is cut", async () => {
    await writeFile(at("in.json"), `[${chat("a")},${chat("b")},${chat("c").slice(0, 30)}`);
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
    expect(await readdir(at(""))).toEqual(["in.jsonl", "out"]);
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

  it("says why when nothing came out, and writes nothing", async () => {
    await write(["{}"]);
    await expect(split({ format: "openai" })).rejects.toMatchObject({ code: "bad_dataset" });
    await expect(split({ inputs: ["none.json"] })).rejects.toMatchObject({ code: "not_found" });
    await write([""]);
    await expect(split()).rejects.toMatchObject({ code: "bad_input", message: "in.jsonl is empty" });
    await writeFile(at("in.json"), "[]");
    await expect(split({ inputs: ["in.json"] })).rejects.toMatchObject({ code: "bad_dataset" });
    expect(await readdir(at(""))).toEqual(["in.json", "in.jsonl"]);
  });

  it("does not touch a folder that holds something else", async () => {
    await write([chat("a")]);
    await expect(split({ out: "." })).rejects.toThrow("holds something that is not a data set");
    await split();
    await writeFile(at("out/notes.txt"), "mine");
    await expect(split()).rejects.toMatchObject({ code: "bad_dataset" });
    expect(await readFile(at("out/notes.txt"), "utf8")).toBe("mine");
  });

  it("leaves nothing when it is interrupted, or writes nothing on a dry run", async () => {
    await write(names(5).map(chat));
    await expect(split({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "interrupted" });
    expect((await split({ isDryRun: true })).subsets.planner.train.rows).toBe(5);
    expect(await readdir(at(""))).toEqual(["in.jsonl"]);
  });
});
