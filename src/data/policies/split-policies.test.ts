import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { packageRoot } from "../../../test/shared-data.js";
import type { DatasetManifest } from "../../core/dataset-manifest.js";
import { loadProfile } from "../../prompts/load-profile.js";
import { splitDataset } from "../split-dataset.js";
import type { SplitRequest } from "../split-settings.js";
import { DEDUPE } from "./duplicates.js";
import {
  DEFAULT_POLICIES,
  KEEP_OR_CONTEXT,
  PARALLEL_CALLS,
  type Policies,
  UNDECLARED_CALLS,
} from "./policies.js";
import { readExcludedInstructions } from "./read-excluded-instructions.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "policies-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const profile = await loadProfile("thread", { packageRoot, cwd: packageRoot });

async function split(
  policies: Partial<Policies> = {},
  changes: Partial<SplitRequest> = {},
): Promise<DatasetManifest> {
  const request: SplitRequest = {
    ...{ inputs: ["in.jsonl"], out: "out", cwd: folder, excludedIds: new Set<string>(), limit: null },
    ...{ validation: 0, seed: 0, isStrict: false, maxErrors: null, isDryRun: false, createdBy: "test" },
    ...{ workers: 0, profile, signal: new AbortController().signal },
    policies: { ...DEFAULT_POLICIES, ...policies },
    ...changes,
  };
  for await (const event of splitDataset(request)) if (event.type === "done") return event.manifest;
  throw new Error("no manifest");
}

const call = (name: string, args = "{}") => ({ function: { name, arguments: args } });
const record = (question: string, ...messages: object[]) => ({
  tools: [{ name: "look" }, { name: "find" }],
  messages: [{ role: "user", content: question }, ...messages],
});
const says = (content: string) => ({ role: "assistant", content });
const calls = (...list: object[]) => ({ role: "assistant", content: "", tool_calls: list });
const write = (records: unknown[], name = "in.jsonl") =>
  writeFile(
    join(folder, name),
    records.map((each) => (typeof each === "string" ? each : JSON.stringify(each))).join("\n"),
  );
const trained = ({ subsets }: DatasetManifest) =>
  (["planner", "caller", "summarizer"] as const).map((role) => subsets[role].train.trainedSegments);

const LONG =
  "Please find a quiet hotel near the old harbour of Lisbon for two adults and one child, from the third to the ninth of May, with breakfast.";

describe("policies in a split", () => {
  it("leave out what comes again, but no second attempt", async () => {
    const attempt = (answer: string) => record(LONG, calls(call("look")), says(answer));
    await write([attempt("Hotel A."), attempt("Hotel A."), attempt("I looked in vain, sorry.")]);
    expect(await split()).toMatchObject({ records: { used: 2 }, excluded: { duplicate: 1 } });
    expect((await split({ dedupe: "off" })).records.used).toBe(3);
    await write([
      attempt("Hotel A."),
      record(LONG.replace("third", "fourth"), calls(call("look")), says("Hotel A.")),
    ]);
    expect((await split()).records.used).toBe(2);
  });

  it("leave out what is nearly the same when asked to", async () => {
    const longer = `${LONG} It must not cost more than the one we had last year, and we come by train from Porto.`;
    const task = (text: string) => record(text, calls(call("look")), says("There is one at the quay."));
    await write([task(longer), task(longer.replace("Please ", "")), task(LONG)]);
    expect(await split({ dedupe: "near" })).toMatchObject({
      records: { used: 2 },
      excluded: { near_duplicate: 1 },
    });
  });

  it("keep a test's instructions and tools out of training", async () => {
    await write([
      record(LONG, says("A.")),
      {
        ...record(""),
        messages: [{ role: "system", content: "Be brief." }, { role: "user", content: LONG }, says("B.")],
      },
      record(LONG.toUpperCase().replace("two", "three"), says("C.")),
      record("Where is the harbour?", says("D.")),
      record("Which tool is new?", calls(call("secret")), says("E.")),
    ]);
    await write([{ question: LONG }, { note: "no question" }], "test.jsonl");
    const excludedInstructions = await readExcludedInstructions(["test.jsonl"], { cwd: folder });
    const manifest = await split({ excludedInstructions, excludedTools: ["secret"] });
    expect(manifest).toMatchObject({
      records: { used: 1, excluded: 4 },
      excluded: { excluded_instruction: 3, excluded_tool: 1 },
      warnings: expect.arrayContaining([
        expect.stringContaining("1 record of --exclude holds no instruction"),
      ]),
    });
    await write([record("Where is the harbour?", says("D."))]);
    expect((await split({ excludedInstructions, excludedTools: ["secret"] })).warnings).toEqual(
      expect.arrayContaining([
        "none of the tools to leave out is offered or called",
        "none of the instructions to leave out is that of a trajectory",
      ]),
    );
  });

  it("read test sets of any kind, and refuse one without instructions", async () => {
    await write([record(LONG, says("A."))]);
    await write(["Another question?", LONG], "lines.txt");
    await writeFile(join(folder, "list.json"), JSON.stringify([LONG]));
    await write([record(LONG, says("not the same answer"))], "chats.jsonl");
    await write([record("What else is there to see?", says("A lot.")), record(LONG, says("A."))]);
    for (const path of ["lines.txt", "list.json", "chats.jsonl"]) {
      const excludedInstructions = await readExcludedInstructions([path], { cwd: folder });
      expect((await split({ excludedInstructions })).excluded).toEqual({ excluded_instruction: 1 });
    }
    const deep = { ...record("Why?", says("So.")), tools: "[".repeat(1000) };
    await write([deep, record(LONG, says("A."))], "deep.jsonl");
    expect(await readExcludedInstructions(["deep.jsonl"], { cwd: folder })).toMatchObject({
      withoutInstruction: 1,
      digests: [expect.any(Number)],
    });
    await write([{ note: 1 }], "empty.jsonl");
    await expect(readExcludedInstructions(["empty.jsonl"], { cwd: folder })).rejects.toThrow(
      "empty.jsonl holds no instruction",
    );
  });

  it("decide what is trained, and count what was mended", async () => {
    await write([
      record("one", calls(call("look"), call("find", '"{\\"a\\": 1}"')), says("Which?")),
      record(
        "two",
        calls(call("look", "{'a': 1,}")),
        says("Which?"),
        { role: "user", content: "This." },
        says("Good."),
      ),
    ]);
    const manifest = await split();
    expect(manifest.repairs).toEqual({ split_parallel_calls: 1, double_encoded: 1, repaired_json: 1 });
    expect(trained(manifest)).toEqual([6, 3, 3]);
    const strict = await split({
      parallelCalls: "context",
      midDialogueText: "context",
      missingThoughts: "context",
    });
    expect(trained(strict)).toEqual([0, 1, 2]);
    expect(strict.untrainedTurns).toEqual({ parallel_call: 4, no_thought: 3, mid_dialogue_text: 2 });
  });

  it("keep nowhere what a filter has taken out", async () => {
    const path = join(folder, "hide.mjs");
    await writeFile(
      path,
      `export const filter = ({ instruction, tools, steps }) =>
        ({ instruction: instruction.replace(/[0-9]+/g, "#"), tools, steps: steps.slice(1) });`,
    );
    const filters = [{ name: "hide.mjs", sha256: "", path }];
    const told = { role: "system", content: "Be kind." };
    const ask = (phone: number) => {
      const { messages, tools } = record(`Call ${phone}.`, calls(call("look"), call("find")), says("Done."));
      return { tools, messages: [told, ...messages] };
    };
    await write([5551, 5552, 5553, 5554].map(ask));
    const sides = { test: 0.5, stratify: null, unseenTools: null, unseenCategories: null, categories: {} };
    await split({ filters, dedupe: "off" }, { sides });
    const test = await readFile(join(folder, "out", "test", "trajectories.jsonl"), "utf8").catch(() => "");
    const train = await readFile(join(folder, "out", "backbone.jsonl"), "utf8");
    expect(test + train).not.toContain("555");
    expect(test).not.toContain('"parallel"');
  });

  it("reject what is too long, or what was not offered", async () => {
    await write([
      record("short", says("A.")),
      record("x".repeat(3000), says("B.")),
      record("q", calls(call("new")), says("C.")),
    ]);
    const manifest = await split({ undeclaredCalls: "reject", maxLength: { most: 2000, tokenizer: null } });
    expect(manifest.records.rejected).toEqual({ too_long: 1, undeclared_call: 1 });
    expect(manifest.options).toMatchObject({ undeclaredCalls: "reject", maxLength: { most: 2000 } });
  });

  it("give the same bytes with any number of threads, near duplicates and filters too", async () => {
    const path = join(folder, "filter.mjs");
    await writeFile(
      path,
      `export const filter = (t) => t.instruction.includes("5") ? "has_five" : { ...t, instruction: t.instruction.replace("7", "8") };`,
    );
    const task = (at: number) =>
      at % 50 === 0
        ? record(`${at}: ${LONG}`, says("There is one."))
        : record(`Go to room ${at % 400} now.`, says(`It is ${at % 300}.`));
    await write(Array.from({ length: 1050 }, (_, at) => (at % 90 === 7 ? "{broken" : task(at))));
    const policies = { dedupe: "near" as const, filters: [{ name: "filter.mjs", sha256: "0", path }] };
    const results: string[] = [];
    for (const workers of [0, 2]) {
      const manifest = await split(policies, { workers, out: `out${workers}` });
      const rows = await readFile(join(folder, `out${workers}/backbone.jsonl`), "utf8");
      results.push(JSON.stringify(manifest) + rows);
      expect(manifest.excluded).toMatchObject({
        has_five: expect.any(Number),
        duplicate: expect.any(Number),
        near_duplicate: expect.any(Number),
      });
    }
    expect(results[0]).toBe(results[1]);
    expect(results[0]).not.toContain(folder);
  });
});

const somePolicies: fc.Arbitrary<Partial<Policies>> = fc.record({
  parallelCalls: fc.constantFrom(...PARALLEL_CALLS),
  missingThoughts: fc.constantFrom(...KEEP_OR_CONTEXT),
  midDialogueText: fc.constantFrom(...KEEP_OR_CONTEXT),
  undeclaredCalls: fc.constantFrom(...UNDECLARED_CALLS),
  dedupe: fc.constantFrom(...DEDUPE),
  excludedTools: fc.constantFrom([], ["find"]),
  maxLength: fc.constantFrom(null, { most: 900, tokenizer: null }),
});

const name = fc.constantFrom("look", "find", "other");
const message = fc.oneof(
  fc.string({ maxLength: 8 }).map(says),
  fc
    .array(fc.tuple(name, fc.constantFrom("{}", "{'a': 1}", '{"a": "cut')))
    .map((list) => calls(...list.map(([tool, args]) => call(tool, args)))),
  fc.constantFrom({ role: "tool", content: "found" }, { role: "user", content: "more" }),
);
const someRecord = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom("a b", "c d", LONG), fc.array(message, { maxLength: 4 }))
      .map(([question, list]) => record(question, ...list, says("so"))),
  },
  { weight: 1, arbitrary: fc.constantFrom("{broken", "[]", "null", '{"messages": []}') },
);

describe("counts of a split", () => {
  it("add up, whatever the records and the policies are", async () => {
    const sound = record("A question of its own", says("An answer."));
    const tools = { ...sound, tools: [] };
    await fc.assert(
      fc.asyncProperty(fc.array(someRecord, { maxLength: 12 }), somePolicies, async (records, policies) => {
        await write([tools, ...records]);
        const {
          records: counts,
          excluded = {},
          trajectories,
          inputs,
        } = await split(policies, { isDryRun: true });
        const total = (reasons: Record<string, number>) =>
          Object.values(reasons).reduce((sum, by) => sum + by, 0);
        expect(counts.read).toBe(records.length + 1);
        expect(counts.read).toBe(counts.used + total(excluded) + total(counts.rejected));
        expect(counts.excluded).toBe(total(excluded));
        expect(trajectories.train + trajectories.validation).toBe(counts.used);
        expect(inputs[0]?.records).toBe(counts.read);
        for (const reason of [...Object.keys(excluded), ...Object.keys(counts.rejected)])
          expect(reason).toMatch(/^[a-z][a-z0-9_]*$/);
      }),
      { numRuns: 60 },
    );
  });
});
