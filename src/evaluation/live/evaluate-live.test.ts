import { describe, expect, it } from "@jest/globals";
import { createMemoryCache } from "../../../test/memory-cache.js";
import { createScriptedModel, type Script } from "../../../test/scripted-roles.js";
import { createScriptedToolBox, createTool } from "../../../test/scripted-tools.js";
import { packageRoot } from "../../../test/shared-paths.js";
import type { Role } from "../../core/roles.js";
import { loadProfile } from "../../prompts/load-profile.js";
import type { EvaluationEvent } from "../evaluation.js";
import type { Item } from "../item.js";
import { attemptOfSteps } from "./attempt.js";
import { createSolver, type Solver } from "./create-solver.js";
import { evaluateLive, type LiveRequest, type Reference } from "./evaluate-live.js";
import type { Judge } from "./judge/ask-judge.js";
import type { LiveTask } from "./live-task.js";

const { profile } = await loadProfile("thread", { packageRoot, cwd: packageRoot });

const SCRIPTS: Partial<Record<Role, Script>> = {
  planner: ({ prompt }) => {
    if (prompt.includes("never")) return "No tool does that. Next: give up.";
    if (prompt.includes("endless")) return "Again. Next: caller.";
    return prompt.includes("observation:") ? "I know it. Next: summarizer." : "I need it. Next: caller.";
  },
  caller: () => 'weather\n{"city":"Bern"}',
  summarizer: () => "It rains.",
};

function makeSolver(overrides: Partial<Solver> = {}) {
  const model = createScriptedModel(profile, SCRIPTS);
  const toolBox = createScriptedToolBox([createTool("weather"), createTool("clock")], (_, index) => ({
    text: index === 0 ? "error: timeout" : "rain",
    isError: index === 0,
  }));
  const solver: Solver = {
    ...{ who: { planner: "p1" }, model, toolBox, toolsSha256: "t", cache: createMemoryCache() },
    options: {
      limits: { maxTurns: 3, maxCalls: 10, maxTokens: 1000, maxNewTokens: 100, maxSeconds: 60 },
      ...{ strategy: "chain" as const, temperature: 0, seed: 0 },
      ...{ signal: new AbortController().signal, now: () => new Date(0) },
    },
    ...overrides,
  };
  return { solver, model, toolBox };
}

const task = (id: string, instruction: string, more: Partial<LiveTask> = {}): LiveTask => ({
  ...{ id, instruction, tools: null, group: null },
  ...more,
});

async function evaluate(
  tasks: readonly LiveTask[],
  attempt: LiveRequest["attempt"],
  more: Partial<LiveRequest> = {},
): Promise<{ items: Item[]; events: EvaluationEvent[] }> {
  const events: EvaluationEvent[] = [];
  const running = evaluateLive({ tasks, attempt, judge: null, reference: null, concurrency: 1, ...more });
  let next = await running.next();
  for (; next.done !== true; next = await running.next()) events.push(next.value);
  return { items: next.value, events };
}

const TASKS = [
  task("a", "Rain?", { expected: "It rains.", group: "easy" }),
  task("b", "never", { expected: null, group: "hard" }),
  task("c", "endless", { expected: "It rains." }),
];

describe("evaluateLive with answers that can be checked", () => {
  it("makes an item of each task, in their order", async () => {
    const { items, events } = await evaluate(TASKS, createSolver(makeSolver().solver), { concurrency: 2 });
    expect(items.map(({ id, group, notes }) => ({ id, group, notes }))).toEqual([
      { id: "a", group: "easy", notes: [] },
      { id: "b", group: "hard", notes: [] },
      { id: "c", group: null, notes: ["limit_turns"] },
    ]);
    expect(items[0]).toMatchObject({
      ...{ cluster: "a", question: "Rain?", tools: ["weather"] },
      scores: { solved: 1, gave_up: 0, at_limit: 0, calls: 1, solvable_pass: null, pass: null, win: null },
      reference: [{ kind: "answer", answer: "It rains." }],
    });
    expect(items[0]?.prediction.map(({ kind }) => kind)).toEqual(["call", "answer"]);
    expect(items[1]).toMatchObject({
      scores: { solved: 1, gave_up: 1, calls: 0, failed_calls: null },
      reference: [{ kind: "give_up" }],
    });
    expect(items[2]?.scores).toMatchObject({ solved: 0, at_limit: 1, calls: 3 });
    expect(items.every(({ scores }) => (scores.completion_tokens ?? 0) > 0)).toBe(true);
    expect(events.map((event) => event.type === "item" && [event.done, event.total, event.isCached])).toEqual(
      [
        [1, 3, false],
        [2, 3, false],
        [3, 3, false],
      ],
    );
  });

  it("counts the calls that failed", async () => {
    const { items } = await evaluate([TASKS[2] as LiveTask], createSolver(makeSolver().solver));
    expect(items[0]?.scores.failed_calls).toBeCloseTo(1 / 3);
  });

  it("asks nobody the second time, and writes the very same items", async () => {
    const { solver } = makeSolver();
    const first = await evaluate(TASKS, createSolver(solver));
    const again = makeSolver({ cache: solver.cache });
    const second = await evaluate(TASKS, createSolver(again.solver));
    expect(JSON.stringify(second.items)).toBe(JSON.stringify(first.items));
    expect(again.model.asked.planner).toEqual([]);
    expect(again.toolBox.called).toEqual([]);
    expect(second.events.every((event) => event.type === "item" && event.isCached)).toBe(true);
  });

  it.each<[string, Partial<Solver>]>([
    ["other weights", { who: { planner: "p2" } }],
    ["another file of tools", { toolsSha256: "u" }],
    ["other limits", { options: { ...makeSolver().solver.options, seed: 1 } }],
    ["other tools", { toolBox: createScriptedToolBox([createTool("weather")]) }],
  ])("tries again with %s", async (_, change) => {
    const { solver } = makeSolver();
    await evaluate([TASKS[0] as LiveTask], createSolver(solver));
    const { model, solver: other } = makeSolver({ ...change, cache: solver.cache });
    await evaluate([TASKS[0] as LiveTask], createSolver(other));
    expect(model.asked.planner).not.toEqual([]);
  });

  it("goes on after an interruption with what was not done", async () => {
    const controller = new AbortController();
    const { solver } = makeSolver();
    const options = { ...solver.options, signal: controller.signal };
    const attempt = createSolver({ ...solver, options });
    const stopped = evaluate(TASKS, async (each) => {
      if (each.id === "b") controller.abort();
      return attempt(each);
    });
    await expect(stopped).rejects.toMatchObject({ code: "interrupted" });
    const { events } = await evaluate(TASKS, createSolver(solver));
    expect(events.map((event) => event.type === "item" && event.isCached)).toEqual([true, false, false]);
  });

  it("warns where time was what ended a task", async () => {
    let time = 0;
    const { solver } = makeSolver();
    const now = () => {
      time += 40_000;
      return new Date(time);
    };
    const { items, events } = await evaluate(
      [TASKS[2] as LiveTask],
      createSolver({ ...solver, options: { ...solver.options, now } }),
    );
    expect(items[0]?.notes).toEqual(["limit_seconds"]);
    expect(events.at(-1)).toMatchObject({ type: "warned" });
  });

  it("goes on with other tasks where one is too long for a role", async () => {
    const { solver } = makeSolver();
    const long = task("long", "Rain? ".repeat(10_000), { expected: "It rains." });
    const { items } = await evaluate([long, TASKS[0] as LiveTask], createSolver(solver));
    expect(items.map(({ scores, notes }) => [scores.solved, scores.at_limit, notes])).toEqual([
      [0, 1, ["limit_context"]],
      [1, 0, []],
    ]);
  });

  it("refuses two tasks of one id, and tools that there are not", async () => {
    const attempt = createSolver(makeSolver().solver);
    await expect(evaluate([task("a", "x"), task("a", "y")], attempt)).rejects.toMatchObject({
      code: "bad_input",
    });
    const unknown = task("a", "x", { tools: ["sun"] });
    await expect(evaluate([unknown], attempt)).rejects.toMatchObject({ code: "bad_input" });
  });

  it("says who wins against a reference: whoever solved it alone", async () => {
    const wrong = attemptOfSteps([{ kind: "answer", thought: "", answer: "It snows." }]);
    const right = attemptOfSteps([{ kind: "answer", thought: "", answer: "It rains." }]);
    const attempts = new Map([
      ["a", wrong],
      ["b", wrong],
      ["c", right],
    ]);
    const reference: Reference = { attempts, isRecorded: false };
    const more = [...TASKS, task("d", "Rain?", { expected: "It rains." })];
    const { items } = await evaluate(more, createSolver(makeSolver().solver), { reference });
    expect(items.map(({ scores }) => scores.win)).toEqual([1, 1, 0, null]);
    expect(items.at(-1)?.notes).toEqual(["no_reference"]);
  });

  it("takes a recorded reference's steps for those that are right", async () => {
    const steps = [
      {
        ...{ kind: "call" as const, thought: "", call: { name: "clock", arguments: "{}" } },
        observation: "noon",
      },
      { kind: "answer" as const, thought: "", answer: "Noon." },
    ];
    const reference = { attempts: new Map([["a", attemptOfSteps(steps)]]), isRecorded: true };
    const { items } = await evaluate([task("a", "Rain?")], createSolver(makeSolver().solver), { reference });
    expect(items[0]).toMatchObject({ tools: ["clock"], reference: steps, scores: { solved: null } });
  });
});

describe("evaluateLive with a judge", () => {
  const judgeWith = (reply: (form: string, data: string) => string): Judge & { asked: string[] } => {
    const asked: string[] = [];
    return {
      asked,
      model: {
        name: "http://judge/v1#m",
        ask: async ({ form, messages }) => {
          asked.push(form.name);
          return reply(form.name, messages.at(-1)?.content ?? "");
        },
      },
      ...{ votes: 2, temperature: 0.2, seed: 1, cache: createMemoryCache() },
      signal: new AbortController().signal,
    };
  };

  it("keeps the check for `solved`, and says how good the judge is", async () => {
    const judge = judgeWith((form) =>
      form === "task_status" ? '{"reason":"r","task":"unsolvable"}' : '{"reason":"r","status":"solved"}',
    );
    const { items } = await evaluate(TASKS, createSolver(makeSolver().solver), { judge });
    expect(
      items.map(({ scores }) => [scores.solved, scores.judge_right, scores.solvable_pass, scores.pass]),
    ).toEqual([
      [1, 1, 1, 1],
      // Right to give up; ToolEval lets what cannot be solved pass, StableToolBench does not. No judge was asked.
      [1, null, 0, 1],
      [0, null, 0, 1],
    ]);
    expect(items[0]?.votes).toHaveLength(2);
    expect(items.map(({ scores }) => scores.judge_agreement)).toEqual([1, null, null]);
  });

  it("asks nobody the second time", async () => {
    const judge = judgeWith(() => '{"reason":"r","status":"solved"}');
    const { solver } = makeSolver();
    const first = await evaluate([TASKS[0] as LiveTask], createSolver(solver), { judge });
    expect(judge.asked).toEqual(["answer_status", "answer_status"]);
    const second = await evaluate([TASKS[0] as LiveTask], createSolver(solver), { judge });
    expect(judge.asked).toHaveLength(2);
    expect(first.events.concat(second.events)).toEqual([
      expect.objectContaining({ isCached: false }),
      expect.objectContaining({ isCached: true }),
    ]);
    // What was tried before, and is judged now, is no item that cost nothing.
    const other = await evaluate([TASKS[0] as LiveTask], createSolver(solver), {
      judge: { ...judge, seed: 9 },
    });
    expect(other.events).toEqual([expect.objectContaining({ isCached: false })]);
    expect(JSON.stringify(second.items)).toBe(JSON.stringify(first.items));
  });

  it("counts what cannot be read as no verdict, never as a win", async () => {
    const judge = judgeWith(() => "It is perfect!");
    const lost = attemptOfSteps([{ kind: "answer", thought: "", answer: "It snows." }]);
    const { items } = await evaluate([task("a", "Rain?")], createSolver(makeSolver().solver), {
      judge,
      reference: { attempts: new Map([["a", lost]]), isRecorded: false },
    });
    expect(items[0]).toMatchObject({
      scores: { solved: null, solvable_pass: null, pass: null, win: null, solvable_win: null },
      notes: ["judge_unreadable", "judge_unreadable"],
    });
    expect(items[0]?.votes?.map(({ status }) => status)).toEqual(["unreadable", "unreadable"]);
  });
});
