import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { describeWithSharedData, sharedData } from "../../../test/shared-data.js";
import { MllmError } from "../../core/errors.js";
import { sha256 } from "../../core/ids.js";
import { SUBSETS, type Subset } from "../../core/roles.js";
import type { CompatPrompts } from "./prompts-file.js";
import { type CompatSummary, splitAlphaUmi } from "./split-alpha-umi.js";

const hasSharedData = existsSync(sharedData("golden"));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "compat-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, "utf8")) as T;

async function split(input: string, prompts: CompatPrompts, workers = 0): Promise<CompatSummary> {
  const { signal } = new AbortController();
  const request = { inputs: [input], out: "out", cwd: folder, prompts, workers, signal };
  for await (const event of splitAlphaUmi(request)) if (event.type === "done") return event.summary;
  throw new Error("no summary");
}

const output = (subset: Subset) => readFile(join(folder, "out", `train_${subset}.json`));

const simple: CompatPrompts = {
  backbone: "{history}",
  planner: "{history}",
  caller: "{history}{thought}",
  summarizer: "{history}",
};

describe("splitAlphaUmi", () => {
  it("writes the subsets that can be written and names the record for the others", async () => {
    const conversation = (...turns: [string, string][]) => ({
      tools: [],
      instruction: "q",
      conversations: turns.map(([from, value]) => ({ from, value })),
    });
    const records = [
      conversation(["user", "q"], ["assistant", " Next: conclusion."], ["conclusion", "a"]),
      conversation(["user", "q"], ["assistant", "hello"]),
    ];
    await writeFile(join(folder, "in.json"), JSON.stringify(records));
    const { subsets } = await split("in.json", simple);
    expect(await readdir(join(folder, "out"))).toEqual(["train_caller.json", "train_summarizer.json"]);
    expect(subsets.planner.failure).toContain("record 2 of in.json");
    expect(JSON.parse((await output("summarizer")).toString())).toHaveLength(1);
  });

  it.each([0, 2])("reuses the prompt of a record long before, with %i threads", async (workers) => {
    const conversation = (...turns: [string, string][]) => ({
      tools: [],
      instruction: "q",
      conversations: turns.map(([from, value]) => ({ from, value })),
    });
    const first = conversation(["user", "first"], ["assistant", " Next: conclusion."], ["conclusion", "a"]);
    const giveUp = conversation(["user", "later"], ["assistant", "Next: give up."]);
    const records = [giveUp, ...Array.from({ length: 2500 }, () => giveUp)];
    await writeFile(join(folder, "in.json"), JSON.stringify([first, ...records]));
    expect((await split("in.json", simple, workers)).subsets.backbone.rows).toBe(2502);
    const rows = JSON.parse((await output("backbone")).toString()) as { input: string }[];
    expect(new Set(rows.map(({ input }) => input))).toEqual(new Set(["user: first</s> assistant: "]));
    await writeFile(join(folder, "in.json"), JSON.stringify(records));
    const { backbone, planner } = (await split("in.json", simple, workers)).subsets;
    expect(backbone.failure).toContain("record 1 of in.json");
    expect(planner.rows).toBe(2501);
  });

  it("writes nothing where no subset can be written", async () => {
    await writeFile(join(folder, "in.json"), '[{"tools": []}]');
    await expect(split("in.json", simple)).rejects.toMatchObject({ code: "bad_input" });
    await writeFile(join(folder, "in.json"), '[{"tools": []');
    await expect(split("in.json", simple)).rejects.toThrow("truncated");
    expect(await readdir(folder)).toEqual(["in.json"]);
  });

  it("replaces placeholders inside the data, as the reference does", async () => {
    const turns = [
      { from: "user", value: "{thought} $& {tool_names}" },
      { from: "assistant", value: "T {history}" },
      { from: "caller", value: "C" },
    ];
    const tools = [{ Name: "n{history}", function: "{tool_names}", input: {} }];
    await writeFile(
      join(folder, "in.json"),
      JSON.stringify([{ tools, instruction: "", conversations: turns }]),
    );
    await split("in.json", { ...simple, caller: "{doc}|{history}|{thought}" });
    const [row] = JSON.parse((await output("caller")).toString()) as { input: string }[];
    const history = "user: T {history} $& {tool_names}</s>assistant: T {history}</s>";
    const doc = `{"Name": "n${history}", "function": "n${history}", "input": {}}\n`;
    expect(row?.input).toBe(`${doc}|${history}|T {history} caller: `);
  });
});

interface Golden {
  name: string;
  input: string;
  /** SHA-256 by subset. */
  expected: Record<Subset, string>;
}

function expectedOf(path: string): Record<Subset, string> {
  const sums = [...readFileSync(sharedData(path), "utf8").matchAll(/^([0-9a-f]{64})\s+train_(\w+)\.json/gm)];
  return Object.fromEntries(sums.map(([, sum, subset]) => [subset, sum])) as Record<Subset, string>;
}

function findGoldens(): Golden[] {
  if (!hasSharedData) return [];
  const folders = ["alpha-umi-shipped", "openbmb-data-example"].flatMap((name) =>
    [1, 2].map((stage) => ({
      name: `${name} from stage ${stage}`,
      input: sharedData(`golden/${name}/raw_data_stage_${stage}.json`),
      expected: expectedOf(`golden/${name}/SHA256SUMS`),
    })),
  );
  const input = sharedData("golden/out-of-domain-100/out_of_domain_100.json");
  return [
    ...folders,
    { name: "out-of-domain-100", input, expected: expectedOf("golden/out-of-domain-100/EXPECTED.txt") },
  ];
}

interface SubsetResult {
  rc: number;
  output_text?: string | null;
  targets?: string[] | null;
}
interface OddCase {
  case: string;
  text: string;
  results: Record<Subset, SubsetResult>;
}

function findOddCases(): OddCase[] {
  if (!hasSharedData) return [];
  const failure: SubsetResult = { rc: 1 };
  const everyFails = Object.fromEntries(SUBSETS.map((subset) => [subset, failure])) as Record<
    Subset,
    SubsetResult
  >;
  type SubsetCase = { case: string; input_text: string; results: Record<Subset, SubsetResult> };
  type Stage2Case = {
    case: string;
    input: unknown;
    rc: number;
    downstream?: Partial<Record<Subset, SubsetResult>>;
  };
  const subset = readJson<SubsetCase[]>(sharedData("odd-cases/subset_cases.json"))
    // These the reference refuses and this program reads: one object, JSON lines, a byte order mark.
    .filter((each) => !/^R0[345] /.test(each.case))
    .map((each) => ({ case: each.case, text: each.input_text, results: each.results }));
  const stage2 = readJson<Stage2Case[]>(sharedData("odd-cases/stage2_cases.json"))
    .filter((each) => each.rc !== 0 || Object.keys(each.downstream ?? {}).length > 0)
    .map((each) => ({
      case: each.case,
      text: JSON.stringify(each.input),
      results: each.rc === 0 ? (each.downstream as Record<Subset, SubsetResult>) : everyFails,
    }));
  return [...subset, ...stage2];
}

describeWithSharedData("the reference's own results", () => {
  const prompts = hasSharedData
    ? readJson<CompatPrompts>(sharedData("golden/alpha-umi-prompts.json"))
    : simple;

  // Loops, because `it.each` refuses the empty list that a skipped run has.
  for (const golden of findGoldens()) {
    it(`${golden.name}: equal bytes`, async () => {
      await split(golden.input, prompts);
      for (const subset of SUBSETS)
        expect([subset, sha256(await output(subset))]).toEqual([subset, golden.expected[subset]]);
    });
  }

  for (const odd of findOddCases()) it(odd.case, () => checkOddCase(odd));

  async function checkOddCase(odd: OddCase): Promise<void> {
    await writeFile(join(folder, "in.json"), odd.text);
    const failed = SUBSETS.filter((subset) => odd.results[subset].rc !== 0);
    if (failed.length === SUBSETS.length) {
      await expect(split("in.json", prompts)).rejects.toBeInstanceOf(MllmError);
      return;
    }
    const { subsets } = await split("in.json", prompts);
    expect(SUBSETS.filter((subset) => subsets[subset].failure !== null)).toEqual(failed);
    for (const subset of SUBSETS) {
      const { rc, output_text, targets } = odd.results[subset];
      if (rc !== 0) continue;
      const written = (await output(subset)).toString("latin1");
      if (typeof output_text === "string") expect(written).toBe(output_text);
      else expect((JSON.parse(written) as { target: string }[]).map((row) => row.target)).toEqual(targets);
    }
  }
});
