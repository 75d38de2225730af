import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, jest } from "@jest/globals";
import { describeWithSharedData, packageRoot, sharedData } from "../../../test/shared-data.js";
import { loadProfile } from "../../prompts/load-profile.js";
import { DEFAULT_READER_OPTIONS } from "../readers/reader.js";
import { splitDataset } from "../split-dataset.js";
import { type DescribeRequest, type Description, describeInputs } from "./describe-inputs.js";
import { summarizeFacts } from "./summarize-facts.js";

jest.setTimeout(120_000);

const thread = await loadProfile("thread", { packageRoot, cwd: packageRoot });
const step = await loadProfile("step", { packageRoot, cwd: packageRoot });
const tokenizerFolder = join(packageRoot, "data/tiny");

async function describeAll(inputs: string[], overrides: Partial<DescribeRequest> = {}): Promise<Description> {
  const events = describeInputs({
    ...{ inputs, cwd: packageRoot, format: null, readers: DEFAULT_READER_OPTIONS, profile: thread.profile },
    ...{ measure: { tokenizerFolder: null, isWhole: false }, mostExamples: 2, maxErrors: null, workers: 0 },
    signal: new AbortController().signal,
    ...overrides,
  });
  for await (const event of events) if (event.type === "done") return event.description;
  throw new Error("it ended without a description");
}

const statisticsOf = ({ facts, oneIn }: Description) =>
  summarizeFacts(facts, { unit: "characters", tokenizer: null, oneIn });

const total = (counts: Record<string, number>) =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

describe("describeInputs", () => {
  const folder = mkdtempSync(join(tmpdir(), "mllm-describe-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  const chat = (question: string, result: string) => ({
    messages: [
      { role: "user", content: question },
      {
        role: "assistant",
        content: "I look it up.",
        tool_calls: [
          { id: "1", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } },
        ],
      },
      { role: "tool", tool_call_id: "1", content: result },
      { role: "assistant", content: "It is mild." },
    ],
    tools: [
      { type: "function", function: { name: "weather", description: "", parameters: { type: "object" } } },
      { type: "function", function: { name: "time", description: "", parameters: { type: "object" } } },
    ],
  });

  it("counts turns, thoughts, results and tools, and keeps examples of what is rejected", async () => {
    const path = join(folder, "chats.jsonl");
    const lines = [chat("Is it warm in Oslo?", "14"), chat("And in Rome?", "Error: no such city")];
    writeFileSync(path, `${lines.map((line) => JSON.stringify(line)).join("\n")}\n{"messages":[}\n{\n{]\n`);
    const { facts, inputs } = await describeAll([path]);
    expect(inputs).toMatchObject([{ path, files: 1, format: "openai", records: 5 }]);
    expect(facts).toMatchObject({ records: 5, trajectories: 2, withoutTools: 0 });
    expect(facts.turns).toEqual({
      ...{ userTurns: 0, plannerTurns: 4, callerTurns: 2, summarizerTurns: 2, answers: 2, giveUps: 0 },
      ...{ emptyThoughts: 2, missingResults: 0, failedResults: 1 },
    });
    expect([...facts.tools]).toEqual([
      ["weather", { offered: 2, called: 2, failed: 1, undeclared: 0 }],
      ["time", { offered: 2, called: 0, failed: 0, undeclared: 0 }],
    ]);
    expect(facts.rejected.invalid_json).toMatchObject({
      count: 3,
      examples: [
        { input: path, place: { file: "chats.jsonl", index: 2 }, record: JSON.stringify('{"messages":[}') },
        { place: { index: 3 } },
      ],
    });
  });

  it("measures rows as a trainer reads them: up to what is trained last, with the tokenizer's own counts", async () => {
    const path = join(folder, "one.jsonl");
    writeFileSync(path, JSON.stringify(chat("Is it warm in Oslo?", "14")));
    const characters = (await describeAll([path])).facts;
    const tokens = (await describeAll([path], { measure: { tokenizerFolder, isWhole: true } })).facts;
    const { sum: caller } = characters.rows.caller.lengths;
    expect(caller).toBeLessThan(characters.rows.backbone.lengths.sum);
    expect(characters.rows.summarizer.lengths.sum).toBe(characters.rows.backbone.lengths.sum);
    expect(tokens.rows.caller.lengths.sum).toBeLessThan(caller);
    expect(tokens.texts.caller.counts.size).toBe(1);
    expect(characters.texts.observation.sum).toBe(2);
  });

  it("stops where more is rejected than allowed", async () => {
    const path = join(folder, "bad.jsonl");
    const good = JSON.stringify(chat("Is it warm in Oslo?", "14"));
    writeFileSync(path, `${good}\n${"{\n".repeat(5000)}`);
    const { facts, isCut } = await describeAll([path], { maxErrors: 10 });
    expect(isCut).toBe(true);
    expect(facts.records).toBeLessThan(5001);
  });
});

describeWithSharedData("describeInputs on the reference data", () => {
  const inputs = ["toolbench-raw/answer", "containers", "toolalpaca"].map((name) => sharedData(name));

  it("says the same with any number of threads", async () => {
    const measure = { tokenizerFolder: null, isWhole: true };
    const alone = await describeAll(inputs, { measure });
    const threads = await describeAll(inputs, { measure, workers: 2 });
    expect(statisticsOf(threads)).toEqual(statisticsOf(alone));
    expect(threads.inputs).toEqual(alone.inputs);
  });

  it.each([
    ["thread", thread],
    ["step", step],
  ])("counts what a split of %s rows would write", async (_, profile) => {
    const { facts } = await describeAll(inputs, { profile: profile.profile });
    const { DEFAULT_POLICIES } = await import("../policies/policies.js");
    const events = splitDataset({
      ...{ inputs, cwd: packageRoot, out: "unused", isDryRun: true, workers: 0, profile },
      ...{ excludedIds: new Set<string>(), limit: null, validation: 0, seed: 0, isStrict: false },
      policies: { ...DEFAULT_POLICIES, dedupe: "off" },
      ...{ maxErrors: null, createdBy: "test", signal: new AbortController().signal },
    });
    for await (const event of events) {
      if (event.type !== "done") continue;
      const { records, subsets, untrainedTurns } = event.manifest;
      expect(facts).toMatchObject({ records: records.read, trajectories: records.used });
      expect(total(facts.excluded)).toBe(records.excluded);
      const rejected = Object.entries(facts.rejected).map(([reason, { count }]) => [reason, count]);
      expect(Object.fromEntries(rejected)).toEqual(records.rejected);
      expect(total(facts.untrainedTurns) + total(facts.lostTurns)).toBe(total(untrainedTurns));
      for (const subset of ["backbone", "planner", "caller", "summarizer"] as const) {
        expect(facts.rows[subset]).toMatchObject({
          rows: subsets[subset].train.rows,
          leftOut: subsets[subset].leftOut,
        });
        const { sum } = facts.rows[subset].trainedLengths;
        expect(sum).toBe(subsets[subset].train.trainedCharacters);
      }
    }
  });
});
