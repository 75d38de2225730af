import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { Role } from "../src/core/roles.js";
import { readItems } from "../src/evaluation/evaluation-folder.js";
import type { Script } from "./scripted-roles.js";
import { CALL, cityOf, SCRIPTS, scoreOf, TRIO, trajectory, useEvaluations } from "./static-evaluation.js";

const { write, evaluate, evaluateToJson, run } = useEvaluations();

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
    expect((await run("eval", "list")).stdout).toContain("no evaluations yet");
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

describe("the command line of mllm eval static", () => {
  it.each([
    ["neither data nor predictions", ["eval", "static"]],
    ["an unknown reference", ["eval", "static", "--data", "north.jsonl", "--compat", "toolbench"]],
    ["no concurrency", ["eval", "static", "--data", "north.jsonl", "--concurrency", "0"]],
  ])("is wrong with %s", async (_, args) => {
    expect(await run(...args)).toMatchObject({ exitCode: 2 });
  });

  it("needs a trained agent", async () => {
    const result = await run("eval", "static", "--data", "north.jsonl");
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("`mllm train` makes") });
  });
});
