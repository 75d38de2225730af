import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type EvalStaticOptions, evalStatic } from "../src/cli/evaluation/eval-static.js";
import type { EvaluatedAgent } from "../src/cli/evaluation/open-evaluated-agent.js";
import type { MllmError } from "../src/core/errors.js";
import type { Role } from "../src/core/roles.js";
import type { Evaluation } from "../src/evaluation/evaluation.js";
import { readItems } from "../src/evaluation/evaluation-folder.js";
import { loadProfile } from "../src/prompts/load-profile.js";
import { createContext } from "./command-context.js";
import { runCli } from "./run-cli.js";
import { createScriptedModel, type Script, type ScriptedModel } from "./scripted-roles.js";
import { describeWithSharedData, packageRoot, sharedData } from "./shared-data.js";

const { profile } = await loadProfile("thread", { packageRoot, cwd: packageRoot });

const WEATHER = {
  type: "function",
  function: {
    name: "weather",
    description: "Weather of a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

/** Asks for the weather, calls, answers. */
function trajectory(id: string, city: string) {
  const args = JSON.stringify({ city });
  const call = { id: "1", type: "function", function: { name: "weather", arguments: args } };
  return {
    id,
    tools: [WEATHER],
    messages: [
      { role: "user", content: `Weather in ${city}?` },
      { role: "assistant", content: "I need it.", tool_calls: [call] },
      { role: "tool", tool_call_id: "1", content: "rain" },
      { role: "assistant", content: `It rains in ${city}.` },
    ],
  };
}

const CALL = "I need it. Next: caller.";
const ANSWER = "I know it. Next: summarizer.";
const cityOf = (prompt: string) => /Weather in (\w+)\?/.exec(prompt)?.[1] ?? "";

/** Right about everything but the arguments where the city is Rome. */
const SCRIPTS = {
  planner: ({ prompt }) => (prompt.includes("rain") ? ANSWER : CALL),
  caller: ({ prompt }) => {
    const city = cityOf(prompt);
    return `weather\n${JSON.stringify({ city: city === "Rome" ? "Roma" : city })}`;
  },
  summarizer: ({ prompt }) => `It rains in ${cityOf(prompt)}.`,
} satisfies Partial<Record<Role, Script>>;

let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "mllm-eval-"));
  write("north.jsonl", [trajectory("1", "Oslo"), trajectory("2", "Bergen")]);
  write("south.jsonl", [trajectory("1", "Rome")]);
});

afterEach(() => rmSync(cwd, { recursive: true, force: true }));

function write(name: string, lines: readonly unknown[]): void {
  writeFileSync(join(cwd, name), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

const KEYS = ["rouge", "plan_em", "action_em", "easy_f1", "hard_f1", "f1", "hallu_rate"];

const DEFAULTS: EvalStaticOptions = { maxNewTokens: 100, concurrency: 2 };
const DATA = ["cold=north.jsonl", "warm=south.jsonl"];
const TRIO = {
  planner: { id: "planner-1", hash: "p" },
  caller: { id: "caller-1", hash: "c" },
  summarizer: { id: "summarizer-1", hash: "s" },
};

interface Asked {
  options?: Partial<EvalStaticOptions>;
  scripts?: Partial<Record<Role, Script>>;
  signal?: AbortSignal;
  contextTokens?: number;
  /** The hash of its weights. */
  caller?: string;
}

/** Runs the command's body with scripted roles. */
async function evaluate({
  options = {},
  scripts = SCRIPTS,
  signal,
  contextTokens,
  caller = "c",
}: Asked = {}) {
  const { context, output } = createContext({ cwd, ...(signal !== undefined && { signal }) });
  const model: ScriptedModel = createScriptedModel(profile, scripts, {
    ...(contextTokens !== undefined && { contextTokens }),
  });
  let closed = 0;
  const open = async (): Promise<EvaluatedAgent> => ({
    model,
    subject: { name: "desk@1", checkpoints: { ...TRIO, caller: { id: "caller-1", hash: caller } } },
    weights: { planner: "p", caller, summarizer: "s" },
    close: async () => void closed++,
  });
  const error = await evalStatic(context, { options: { ...DEFAULTS, data: DATA, ...options }, open }).then(
    () => null,
    (thrown: unknown) => thrown as MllmError,
  );
  const asked = Object.values(model.asked).reduce((sum, requests) => sum + requests.length, 0);
  return { error, asked, closed, model, ...output() };
}

async function evaluateToJson(asked: Asked = {}): Promise<Evaluation & { folder: string }> {
  const { error, stdout } = await evaluate({ ...asked, options: { ...asked.options, json: true } });
  if (error !== null) throw error;
  return JSON.parse(stdout) as Evaluation & { folder: string };
}

const scoreOf = ({ metrics }: Pick<Evaluation["summary"], "metrics">, name: string) =>
  metrics.find((metric) => metric.name === name)?.value;

describe("mllm eval static", () => {
  it("lets the agent take every recorded step, with what was recorded before it", async () => {
    const { model, closed, stdout, stderr } = await evaluate();
    expect(closed).toBe(1);
    const answering = model.asked.planner.filter(({ prompt }) => prompt.includes("rain"));
    expect([model.asked.planner.length, answering.length]).toEqual([6, 3]);
    // The recorded call stands in the history, also where the agent would have called otherwise.
    expect(model.asked.summarizer.filter(({ prompt }) => prompt.includes('"Rome"'))).toHaveLength(1);
    expect(stdout).toContain("desk@1\non cold=north.jsonl, warm=south.jsonl: 6 steps");
    expect(stdout).toMatch(/^plan accuracy +6 +100\.0 \(100\.0-100\.0\)/m);
    expect(stdout).toMatch(/^call exact match +3 +66\.7 .*100\.0 .* 0\.0$/m);
    expect(stdout).toContain("planner: decision, recorded (rows) and predicted (columns)");
    expect(stdout).toMatch(/^weather +3 +66\.7/m);
    expect(stderr).toContain("6/6");
    expect(stderr).toMatch(/next: mllm report static-[0-9a-f]{10} --out report\.html/);
  });

  it("prints the evaluation as a document, and keeps it with its items", async () => {
    const document = await evaluateToJson();
    expect(document).toMatchObject({ kind: "static", subject: { name: "desk@1", checkpoints: TRIO } });
    expect(document.summary.groups.map(({ name, items }) => [name, items])).toEqual([
      ["cold", 4],
      ["warm", 2],
    ]);
    const [cold, warm] = document.summary.groups;
    expect([cold, warm].map((group) => group && scoreOf(group, "step_exact"))).toEqual([1, 0.5]);
    // No call without arguments, and no wrong tool: the reference's script divides by their number.
    expect(document.compat).toEqual({ error: "ZeroDivisionError: division by zero" });
    const items = await readItems(document.folder);
    expect(items.map(({ id, group, cluster }) => [id, group, cluster])).toEqual([
      ["1#1", "cold", "1"],
      ["1#2", "cold", "1"],
      ["2#1", "cold", "2"],
      ["2#2", "cold", "2"],
      ["south.jsonl:0~2#1", "warm", "south.jsonl:0~2"],
      ["south.jsonl:0~2#2", "warm", "south.jsonl:0~2"],
    ]);
    const { folder, ...evaluation } = document;
    expect(JSON.parse(readFileSync(join(folder, "evaluation.json"), "utf8"))).toEqual(evaluation);
  });

  it("asks nothing when it is repeated, and writes the same bytes", async () => {
    const first = await evaluateToJson();
    const bytes = (folder: string) =>
      ["evaluation.json", "items.jsonl"].map((name) => readFileSync(join(folder, name), "utf8"));
    const before = bytes(first.folder);
    const again = await evaluate({ options: { json: true, concurrency: 5 } });
    expect([again.asked, again.closed]).toEqual([0, 1]);
    expect(bytes(first.folder)).toEqual(before);
    expect(again.stderr).toContain("(6 known from before)");
    const elsewhere = await evaluateToJson({ options: { out: "elsewhere" } });
    expect(bytes(elsewhere.folder)).toEqual(before);
  });

  it("goes on after an interruption", async () => {
    const interruption = new AbortController();
    let plans = 0;
    const interrupting: Script = async (request, index) => {
      plans += 1;
      if (plans === 4) interruption.abort();
      return (SCRIPTS.planner as (request: unknown, index: number) => string)(request, index);
    };
    const { signal } = interruption;
    const scripts = { ...SCRIPTS, planner: interrupting };
    const stopped = await evaluate({ scripts, signal, options: { concurrency: 1 } });
    expect(stopped).toMatchObject({ error: { code: "interrupted" }, closed: 1, stdout: "" });
    const went = await evaluate({ options: { concurrency: 1 } });
    expect(went.error).toBeNull();
    // Of six steps with two completions each, three were known, and the plan that was under way.
    expect(went.asked).toBe(12 - 7);
  });

  it("is no evaluation after a failure, and keeps what was answered", async () => {
    const failing: Script = ({ prompt }) =>
      cityOf(prompt) === "Rome" ? { fails: new Error("out of memory") } : "weather {}";
    const { error } = await evaluate({ scripts: { ...SCRIPTS, caller: failing } });
    expect(error?.message).toBe("out of memory");
    expect((await runCli(["eval", "list"], { cwd })).stdout).toContain("no evaluations yet");
  });

  it("counts texts that cannot be read and prompts that do not fit, and scores them as wrong", async () => {
    const scripts: Partial<Record<Role, Script>> = {
      planner: ({ prompt }) => (cityOf(prompt) === "Oslo" ? "" : cityOf(prompt) === "Rome" ? "Hm." : CALL),
      caller: () => "I cannot.",
    };
    const { summary } = await evaluateToJson({ scripts });
    expect(summary.notes).toEqual({ empty_plan: 2, no_decision: 2, predicted_call_unreadable: 4 });
    expect([scoreOf(summary, "call_exact"), scoreOf(summary, "call_json_valid")]).toEqual([0, 0]);
    const small = await evaluateToJson({ contextTokens: 130, options: { maxNewTokens: 100 } });
    expect(small.summary.notes).toEqual({ prompt_too_long: 6 });
    expect(scoreOf(small.summary, "plan_accuracy")).toBe(0);
  });

  it("binds the caller to the tools offered unless its calls are free", async () => {
    const bound = await evaluate();
    expect(bound.model.asked.caller.every(({ grammar }) => grammar !== null)).toBe(true);
    const free = await evaluate({ options: { freeCalls: true } });
    expect(free.model.asked.caller.map(({ grammar }) => grammar)).toEqual([null, null, null]);
    // The planner is asked the same, and known.
    expect(free.model.asked.planner).toHaveLength(0);
  });

  it("points to the comparison with an evaluation that it can be compared with", async () => {
    const { id } = await evaluateToJson();
    const unlike = await evaluate({ options: { freeCalls: true } });
    expect(unlike.stderr).toMatch(/next: mllm report static-/);
    const { stderr } = await evaluate({ caller: "c2" });
    expect(stderr).toMatch(new RegExp(`next: mllm eval compare ${id} static-`));
  });

  it("refuses an --out that holds something else before it asks anybody", async () => {
    const { error, asked } = await evaluate({ options: { out: "." } });
    expect([error?.code, asked]).toEqual(["bad_input", 0]);
  });

  it("says where there is nothing to predict", async () => {
    write("talk.jsonl", [{ ...trajectory("1", "Oslo"), messages: [{ role: "user", content: "Hello" }] }]);
    const { error } = await evaluate({ options: { data: ["talk.jsonl"] } });
    expect(error).toMatchObject({ code: "bad_input", message: expect.stringContaining("talk.jsonl") });
  });
});

describe("mllm eval static --predictions", () => {
  const call = (city: string) => ({
    kind: "call",
    call: { name: "weather", arguments: JSON.stringify({ city }) },
  });

  it("scores steps by their ids; what is not predicted is wrong", async () => {
    write("theirs.jsonl", [
      { id: "1#1", prediction: call("Oslo") },
      { id: "1#2", prediction: { kind: "answer", answer: "It rains in Oslo." } },
      { id: "9#1", prediction: { kind: "give_up" } },
    ]);
    const args = ["--data", "north.jsonl", "--predictions", "theirs.jsonl"];
    const { exitCode, stdout, stderr } = await runCli(["eval", "static", ...args, "--json"], { cwd });
    expect(exitCode).toBe(0);
    expect(stderr).toContain("note: theirs.jsonl: 1 prediction is of no step of the data");
    const { subject, summary } = JSON.parse(stdout) as Evaluation;
    expect(subject).toEqual({ name: "theirs.jsonl", checkpoints: null });
    expect([scoreOf(summary, "step_exact"), summary.notes]).toEqual([0.5, { not_predicted: 2 }]);
  });

  it("takes the items of another evaluation", async () => {
    const { folder, summary } = await evaluateToJson({ options: { data: ["north.jsonl"] } });
    const file = join(folder, "items.jsonl");
    const args = ["eval", "static", "--data", "north.jsonl", "--predictions", file, "--json"];
    const { stdout } = await runCli(args, { cwd });
    expect((JSON.parse(stdout) as Evaluation).summary).toEqual(summary);
  });

  it.each([
    ["which steps they are of", ["--predictions", "theirs.jsonl"], 2, "--data FILE"],
    ["an id of the data", ["--data", "south.jsonl", "--predictions", "theirs.jsonl"], 1, "such as 7#1"],
    ["a file", ["--predictions", "nowhere.json"], 1, "does not exist"],
    ["JSON", ["--predictions", "broken.json"], 1, "broken.json:1 is no JSON"],
    ["no agent beside them", ["--predictions", "theirs.jsonl", "--agent", "desk"], 2, "--agent"],
  ])("wants %s", async (_, args, exitCode, text) => {
    write("theirs.jsonl", [{ id: "7#1", prediction: { kind: "give_up" } }]);
    writeFileSync(join(cwd, "broken.json"), "{half");
    const result = await runCli(["eval", "static", ...args], { cwd });
    expect(result).toMatchObject({ exitCode, stderr: expect.stringContaining(text) });
  });
});

describeWithSharedData("mllm eval static --compat", () => {
  it("meets the reference's numbers, and names the exception where it ends with one", async () => {
    const sets = JSON.parse(readFileSync(sharedData("golden/static_metrics.json"), "utf8")) as Record<
      string,
      { cases: unknown[]; metrics: Record<string, number> | null; error?: string }
    >;
    for (const { cases, metrics, error } of Object.values(sets)) {
      writeFileSync(join(cwd, "predictions.json"), JSON.stringify(cases));
      const args = ["eval", "static", "--predictions", "predictions.json", "--compat", "alpha-umi", "--json"];
      const { exitCode, stdout, stderr } = await runCli(args, { cwd });
      if (metrics === null) {
        expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
        expect(stderr).toContain(error);
        expect(stderr).toContain("Leave out --compat");
      } else {
        const scores = JSON.parse(stdout) as Record<string, number>;
        expect(Object.keys(scores)).toEqual(KEYS);
        for (const key of KEYS) expect(scores[key]).toBeCloseTo(metrics[key] as number, 12);
      }
    }
  });
});

describe("mllm eval list and show", () => {
  it("list evaluations, newest first, and show one by its id or its folder", async () => {
    const { id, folder, ...rest } = await evaluateToJson();
    const listed = await runCli(["eval", "list"], { cwd });
    expect(listed.stdout).toMatch(/^STATIC +WHEN +STEPS +PLAN ACCURACY .* SUBJECT +DATA$/m);
    expect(listed.stdout).toMatch(new RegExp(`^${id} .* 6 +100\\.0 .* desk@1 +cold=north`, "m"));
    const asJson = JSON.parse((await runCli(["eval", "list", "--json"], { cwd })).stdout);
    expect(asJson.evaluations).toMatchObject([{ id, kind: "static", subject: "desk@1", items: 6, folder }]);
    for (const name of [id, id.slice(0, 10), folder]) {
      const shown = await runCli(["eval", "show", name, "--json"], { cwd });
      expect(JSON.parse(shown.stdout)).toEqual({ id, folder, ...rest });
    }
    const { stdout } = await runCli(["eval", "show", id], { cwd });
    expect(stdout).toContain("whole step exact");
    expect(stdout).toContain(`files: ${folder}`);
  });

  it("say what to do where there is none", async () => {
    expect((await runCli(["eval", "list"], { cwd })).stdout).toContain("mllm eval static --data FILE");
    const shown = await runCli(["eval", "show", "static-1"], { cwd });
    expect(shown).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("`mllm eval static`") });
  });

  it("say when the folder is gone", async () => {
    const { id, folder } = await evaluateToJson();
    rmSync(folder, { recursive: true });
    const shown = await runCli(["eval", "show", id], { cwd });
    expect(shown).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(folder) });
  });
});

describe("the command line of mllm eval static", () => {
  it.each([
    ["neither data nor predictions", ["eval", "static"]],
    ["an unknown reference", ["eval", "static", "--data", "north.jsonl", "--compat", "toolbench"]],
    ["no concurrency", ["eval", "static", "--data", "north.jsonl", "--concurrency", "0"]],
  ])("is wrong with %s", async (_, args) => {
    expect(await runCli(args, { cwd })).toMatchObject({ exitCode: 2 });
  });

  it("needs a trained agent", async () => {
    const result = await runCli(["eval", "static", "--data", "north.jsonl"], { cwd });
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("`mllm train` makes") });
  });
});
