import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { makeFolder } from "../../test/fake-trainer.js";
import type { Evaluation } from "./evaluation.js";
import { checkEvaluationFolder, readEvaluation, readItems, writeEvaluation } from "./evaluation-folder.js";
import type { Item } from "./item.js";

const ITEM: Item = {
  id: "t1#1",
  cluster: "t1",
  group: null,
  question: "What is the weather?",
  tools: ["get_weather"],
  scores: { plan_accuracy: 1, rouge_l: null },
  reference: [
    { kind: "call", thought: "…", call: { name: "get_weather", arguments: "{}" }, observation: null },
  ],
  prediction: [{ kind: "give_up", thought: "no" }],
  notes: ["empty_plan"],
};

const EVALUATION: Evaluation = {
  version: 1,
  id: "static-0123456789",
  kind: "static",
  subject: { name: "desk@1", checkpoints: null },
  data: { name: "test.jsonl", sha256: "d" },
  settings: { seed: 0 },
  summary: { items: 1, metrics: [], groups: [], tools: [], confusions: [], notes: { empty_plan: 1 } },
  compat: { error: "ZeroDivisionError: division by zero" },
};

describe("the folder of an evaluation", () => {
  it("is read back as it was written, by nobody's name but its own files'", async () => {
    const folder = join(makeFolder(), "deep", "evaluation");
    await writeEvaluation(folder, EVALUATION, [ITEM, { ...ITEM, id: "t1#2" }]);
    expect(await readEvaluation(folder)).toEqual({ folder, evaluation: EVALUATION });
    expect(await readItems(folder)).toEqual([ITEM, { ...ITEM, id: "t1#2" }]);
    expect((await readdir(folder)).sort()).toEqual(["evaluation.json", "items.jsonl"]);
  });

  it("is written again over an older one, with the same bytes for the same evaluation", async () => {
    const folder = makeFolder();
    await writeEvaluation(folder, EVALUATION, [ITEM]);
    const before = await readFile(join(folder, "evaluation.json"), "utf8");
    await writeEvaluation(folder, EVALUATION, [ITEM]);
    expect(await readFile(join(folder, "evaluation.json"), "utf8")).toBe(before);
  });

  it("is no evaluation without its evaluation.json, and may be written again then", async () => {
    const folder = makeFolder();
    await writeEvaluation(folder, EVALUATION, [ITEM]);
    await rm(join(folder, "evaluation.json"));
    await expect(readEvaluation(folder)).rejects.toMatchObject({ code: "not_found" });
    await expect(checkEvaluationFolder(folder)).resolves.toBeUndefined();
  });

  it("is written beside what others left who write it too, or were killed at it", async () => {
    const folder = makeFolder();
    await writeFile(join(folder, ".items.jsonl.partial-1-0a1b2c3d"), "{");
    await writeEvaluation(folder, EVALUATION, [ITEM]);
    expect(await readItems(folder)).toEqual([ITEM]);
  });

  it("is refused where it holds something else", async () => {
    const folder = makeFolder();
    await writeFile(join(folder, "thesis.tex"), "");
    await expect(writeEvaluation(folder, EVALUATION, [])).rejects.toMatchObject({ code: "bad_input" });
    expect(await readdir(folder)).toEqual(["thesis.tex"]);
  });

  it("names the file, the line and the field that cannot be read", async () => {
    const folder = makeFolder();
    await writeEvaluation(folder, EVALUATION, [ITEM]);
    await writeFile(join(folder, "items.jsonl"), `${JSON.stringify(ITEM)}\n{"id": 1}\n`);
    await expect(readItems(folder)).rejects.toMatchObject({
      code: "bad_input",
      message: expect.stringMatching(/items\.jsonl:2 cannot be read: id: /),
    });
    await writeFile(join(folder, "evaluation.json"), "half");
    await expect(readEvaluation(folder)).rejects.toMatchObject({ code: "bad_input" });
  });
});
