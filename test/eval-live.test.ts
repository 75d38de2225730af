import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Context } from "../src/cli/context.js";
import { type EvalLiveOptions, evalLive } from "../src/cli/evaluation/eval-live.js";
import type { EvaluatedAgent } from "../src/cli/evaluation/open-evaluated-agent.js";
import type { Evaluation } from "../src/evaluation/evaluation.js";
import type { Item } from "../src/evaluation/item.js";
import { loadProfile } from "../src/prompts/load-profile.js";
import { createContext } from "./command-context.js";
import { runCli } from "./run-cli.js";
import { createScriptedModel, type ScriptedModel } from "./scripted-roles.js";
import { describeWithSharedData, packageRoot, sharedData } from "./shared-data.js";
import { type FakeJudge, type JudgeReply, startFakeJudge } from "./vendor/fake-judge.js";

const { profile } = await loadProfile("thread", { packageRoot, cwd: packageRoot });

const TOOLS = `
export const tools = [
  { name: "weather", description: "Weather of a city", execute: ({ city }) => ({ sky: "rain over " + city }) },
  { name: "clock", description: "The time", execute: () => ({ error: "it stands still" }) },
];
`;

const TASKS = [
  { id: "a", question: "Rain?", expected: "It rains.", group: "easy" },
  { id: "b", question: "Snow?", expected: "It snows.", group: "easy" },
  { id: "c", question: "never", expected: null, group: "hard" },
];

let cwd: string;
let judge: FakeJudge | null = null;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "mllm-eval-live-"));
  await writeFile(join(cwd, "tools.mjs"), TOOLS);
  await writeFile(join(cwd, "tasks.jsonl"), TASKS.map((task) => `${JSON.stringify(task)}\n`).join(""));
});

afterEach(async () => {
  expect(judge?.violations ?? []).toEqual([]);
  await judge?.close();
  judge = null;
  await rm(cwd, { recursive: true, force: true });
});

const DEFAULTS: EvalLiveOptions = {
  ...{ strategy: "chain", temperature: 0, seed: 0, votes: 2, judgeTemperature: 0.2, concurrency: 4 },
  ...{ maxTurns: 4, maxCalls: 10, maxTokens: 1000, maxNewTokens: 100, maxSeconds: 60 },
};

const AGENT = { tasks: ["tasks.jsonl"], tools: "tools.mjs" };

interface Run {
  error: unknown;
  stdout: string;
  stderr: string;
  model: ScriptedModel;
  opened: number;
}

/** Runs the command's body with scripted roles that answer `answer`. */
async function run(
  options: Partial<EvalLiveOptions>,
  { answer = "It rains.", hash = "p1", env = {} as Context["env"] } = {},
): Promise<Run> {
  const model = createScriptedModel(profile, {
    planner: ({ prompt }) => {
      if (prompt.includes("never")) return "No tool does that. Next: give up.";
      return prompt.includes("observation:") ? "I know it. Next: summarizer." : "I need it. Next: caller.";
    },
    caller: () => 'weather\n{"city":"Bern"}',
    summarizer: () => answer,
  });
  const { context, output } = createContext({ cwd, env });
  let opened = 0;
  const weights = { planner: hash, caller: "c1", summarizer: "s1" };
  const checkpoint = (role: keyof typeof weights) => ({ id: `${role}-1`, hash: weights[role] });
  const open = async (): Promise<EvaluatedAgent> => {
    opened += 1;
    const checkpoints = {
      ...{
        planner: checkpoint("planner"),
        caller: checkpoint("caller"),
        summarizer: checkpoint("summarizer"),
      },
    };
    return { model, weights, subject: { name: "agent", checkpoints }, close: async () => {} };
  };
  const error = await evalLive(context, { options: { ...DEFAULTS, ...options }, open }).catch(
    (thrown: unknown) => thrown,
  );
  return { error, ...output(), model, opened };
}

async function judgeWith(say: (form: string, data: Record<string, unknown>) => JudgeReply): Promise<string> {
  judge = await startFakeJudge(({ form, data }) => say(form ?? "", data));
  return judge.endpoint;
}

const status = (word: string) => JSON.stringify({ reason: `It is ${word}.`, status: word });

const readOut = async (out: string): Promise<{ evaluation: Evaluation; items: Item[]; bytes: string }> => {
  const text = await readFile(join(cwd, out, "evaluation.json"), "utf8");
  const lines = await readFile(join(cwd, out, "items.jsonl"), "utf8");
  const items = lines
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Item);
  return { evaluation: JSON.parse(text) as Evaluation, items, bytes: text + lines };
};

const metric = ({ summary }: Evaluation, name: string) =>
  summary.metrics.find((each) => each.name === name)?.value;

describe("mllm eval live", () => {
  it("solves the tasks, checks the answers, and shows and stores the evaluation", async () => {
    const { error, stdout, stderr } = await run({ ...AGENT, out: "one" });
    expect(error).toBeUndefined();
    expect(stdout).toMatch(/^agent\non tasks.jsonl: 3 tasks;/);
    expect(stdout).toMatch(/solved +3 +66\.7 \(.*\) +50\.0 \(.*\) +100\.0/);
    expect(stdout).not.toContain("judge");
    expect(stderr).toMatch(/next: mllm report live-/);
    const { evaluation, items } = await readOut("one");
    expect(evaluation).toMatchObject({
      ...{ kind: "live", data: { name: "tasks.jsonl" }, compat: null },
      settings: { tools: { name: "tools.mjs" }, strategy: "chain", judge: null, reference: null },
    });
    expect(items.map(({ id, scores }) => [id, scores.solved])).toEqual([
      ["a", 1],
      ["b", 0],
      ["c", 1],
    ]);
    const listed = await runCli(["eval", "list", "--json"], { cwd });
    expect(JSON.parse(listed.stdout)).toMatchObject({ evaluations: [{ id: evaluation.id, kind: "live" }] });
  });

  it("writes the same bytes again: from what it remembers, asking nobody, and from scratch", async () => {
    const endpoint = await judgeWith((form) =>
      form === "task_status" ? JSON.stringify({ reason: "", task: "solvable" }) : status("solved"),
    );
    const options = { ...AGENT, judge: endpoint };
    await run({ ...options, out: "one" });
    const asked = judge?.calls.length;
    const again = await run({ ...options, out: "two", concurrency: 1 });
    expect([again.model.asked.planner, judge?.calls.length]).toEqual([[], asked]);
    await run({ ...options, out: "three" }, { env: { MLLM_DIR: "elsewhere" } });
    expect(judge?.calls.length).toBe(2 * (asked ?? 0));
    const [one, two, three] = await Promise.all([readOut("one"), readOut("two"), readOut("three")]);
    expect(two.bytes).toBe(one.bytes);
    expect(three.bytes).toBe(one.bytes);
  });

  it("solves again what is asked for again, and keeps that", async () => {
    await run({ ...AGENT, out: "one" });
    const again = await run({ ...AGENT, out: "two", again: true }, { answer: "It snows." });
    expect(again.model.asked.planner).not.toEqual([]);
    const kept = await run({ ...AGENT, out: "three" });
    expect(kept.model.asked.planner).toEqual([]);
    const [one, two, three] = await Promise.all([readOut("one"), readOut("two"), readOut("three")]);
    expect(two.bytes).not.toBe(one.bytes);
    expect(three.bytes).toBe(two.bytes);
  });

  it("goes on after a judge that failed: what was solved and judged is kept", async () => {
    let isUp = false;
    const endpoint = await judgeWith((_, { task }) =>
      task === "Snow?" && !isUp ? { status: 400, message: "out of order" } : status("solved"),
    );
    const options = {
      ...AGENT,
      judge: endpoint,
      out: "one",
      tasks: ["tasks.jsonl"],
      concurrency: 1,
      votes: 1,
    };
    await writeFile(
      join(cwd, "tasks.jsonl"),
      TASKS.slice(0, 2)
        .map((task) => `${JSON.stringify(task)}\n`)
        .join(""),
    );
    const failed = await run(options);
    expect(failed.error).toMatchObject({ code: "backend_failed" });
    isUp = true;
    const { error, model } = await run(options);
    expect([error, model.asked.planner]).toEqual([undefined, []]);
    expect(judge?.calls.map(({ data }) => data.task)).toEqual(["Rain?", "Snow?", "Snow?"]);
  });

  it("has a judge decide, and says how its votes and its words on checked answers stand", async () => {
    const endpoint = await judgeWith((form, { answer }) => {
      if (form === "task_status") return JSON.stringify({ reason: "", task: "unsolvable" });
      return status(answer === "It rains." ? "solved" : "unsolved");
    });
    const { stdout } = await run(
      { ...AGENT, judge: endpoint, out: "one" },
      { env: { MLLM_JUDGE_TOKEN: "key-123456" } },
    );
    expect(stdout).toContain("the judge's votes: solved 4, unsolved 2");
    expect(judge?.calls.every(({ authorization }) => authorization === "Bearer key-123456")).toBe(true);
    const { evaluation, items } = await readOut("one");
    // It takes b's answer for right, and c cannot be solved: what cannot be done passes, and is not solved.
    expect(metric(evaluation, "solved")).toBeCloseTo(2 / 3);
    expect(metric(evaluation, "solvable_pass")).toBeCloseTo(2 / 3);
    expect(metric(evaluation, "pass")).toBe(1);
    expect(metric(evaluation, "judge_right")).toBe(0.5);
    expect(items[2]?.votes?.[0]).toMatchObject({ status: "unsolved", task: "unsolvable", passes: true });
    expect(JSON.stringify({ evaluation, items })).not.toContain("key-123456");
  });

  it("compares with another evaluation, by the beginning of its id", async () => {
    const endpoint = await judgeWith((form) =>
      form === "better_answer"
        ? JSON.stringify({ reason: "It is first.", better: "first" })
        : form === "task_status"
          ? JSON.stringify({ reason: "", task: "solvable" })
          : status("solved"),
    );
    await run({ ...AGENT, out: "reference" }, { answer: "It snows.", hash: "p2" });
    const { evaluation: other } = await readOut("reference");
    const { stdout, error } = await run({
      ...{ ...AGENT, judge: endpoint, out: "one", votes: 2 },
      reference: other.id.slice(0, 10),
    });
    expect(error).toBeUndefined();
    expect(stdout).toContain("it preferred the one shown first in 100 % of 4 decisions");
    expect(stdout).toContain("against the reference: 0 won, 3 tied, 0 lost");
    const { evaluation } = await readOut("one");
    expect(evaluation.settings.reference).toMatchObject({ name: other.id });
    expect([metric(evaluation, "win"), metric(evaluation, "solvable_win")]).toEqual([0.5, 0.5]);
  });

  it("names groups by their files, and takes only the tasks that are asked for", async () => {
    await writeFile(join(cwd, "ids.json"), '{"a": 0, "c": 0}');
    await run({ ...AGENT, tasks: ["mine=tasks.jsonl"], ids: "ids.json", out: "one" });
    const { evaluation, items } = await readOut("one");
    expect(items.map(({ id, group }) => [id, group])).toEqual([
      ["a", "mine"],
      ["c", "mine"],
    ]);
    expect(evaluation.data.name).toBe("mine=tasks.jsonl");
  });

  it("opens no agent where a tool is missing, and no tools where the tasks cannot be read", async () => {
    await writeFile(join(cwd, "odd.jsonl"), '{"question": "x", "tools": ["sun"]}\n');
    expect(await run({ ...AGENT, tasks: ["odd.jsonl"] })).toMatchObject({
      opened: 0,
      error: { code: "bad_input" },
    });
    expect(await run({ ...AGENT, tasks: ["none.jsonl"] })).toMatchObject({
      opened: 0,
      error: { code: "not_found" },
    });
    expect(await run({ ...AGENT, tools: "none.json" })).toMatchObject({
      opened: 0,
      error: { code: "not_found" },
    });
  });
});

describe("the command line of mllm eval live", () => {
  it.each([
    ["no tasks", ["--tools", "tools.mjs"]],
    ["no tools", ["--tasks", "tasks.jsonl"]],
    ["an agent beside predictions", ["--predictions", "p.json", "--agent", "desk", "--judge", "http://x#m"]],
    ["nothing to judge predictions by", ["--predictions", "p.json"]],
    [
      "a judge without a model",
      ["--tasks", "tasks.jsonl", "--tools", "tools.mjs", "--judge", "http://127.0.0.1:1"],
    ],
    ["no votes", ["--tasks", "tasks.jsonl", "--tools", "tools.mjs", "--votes", "0"]],
  ])("is wrong with %s", async (_, args) => {
    expect(await runCli(["eval", "live", ...args], { cwd })).toMatchObject({ exitCode: 2 });
  });
});

describeWithSharedData("mllm eval live on StableToolBench's samples", () => {
  const sample = (path: string) => sharedData(`stabletoolbench/${path}`);
  const converted = (model: string) => sample(`model_predictions_converted/${model}/G1_instruction.json`);

  it("judges converted answers without any agent, against others", async () => {
    const endpoint = await judgeWith((form) => {
      if (form === "task_status") return JSON.stringify({ reason: "", task: "solvable" });
      return form === "better_answer" ? JSON.stringify({ reason: "", better: "tie" }) : status("solved");
    });
    const { error, stdout, opened } = await run({
      ...{ predictions: converted("virtual_chatgpt_dfs"), judge: endpoint, votes: 3, out: "one" },
      reference: converted("virtual_chatgpt_cot"),
    });
    expect([error, opened]).toEqual([undefined, 0]);
    expect(stdout).toContain("against the reference: 1 won, 2 tied, 0 lost");
    const { evaluation, items } = await readOut("one");
    expect(items.map(({ id, group }) => [id, group])).toEqual([
      ["G1:588", "G1_instruction"],
      ["G1:608", "G1_instruction"],
      ["G1:1073", "G1_instruction"],
    ]);
    expect(metric(evaluation, "solvable_pass")).toBe(1);
    expect(items[0]?.reference.length).toBeGreaterThan(0);
  });

  it("takes queries as tasks whose tools are a virtual API server's, and answers as a reference", async () => {
    const queries = sample("solvable_queries_example/test_instruction/G1_instruction.json");
    const { error } = await run({
      ...{ tasks: [queries], ids: sample("solvable_queries_example/test_query_ids"), out: "one" },
      // Nobody listens there: calls fail, which an agent goes on from.
      ...{ tools: "http://127.0.0.1:9/virtual", reference: sample("answer/virtual_chatgpt_dfs") },
    });
    expect(error).toBeUndefined();
    const { items } = await readOut("one");
    expect(items.map(({ id, notes }) => [id, notes])).toEqual([
      ["G1:588", []],
      ["G1:608", []],
      ["G1:1073", []],
    ]);
    expect(items[2]?.tools).toEqual([
      "popularsitesforquery_for_keyword_analysis",
      "querykeywords_for_keyword_analysis",
    ]);
  });
});
