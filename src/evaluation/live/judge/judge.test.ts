import { describe, expect, it } from "@jest/globals";
import { createMemoryCache } from "../../../../test/memory-cache.js";
import type { Step } from "../../../core/trajectory.js";
import type { ResultCache } from "../../result-cache.js";
import { type Attempt, attemptOfSteps } from "../attempt.js";
import type { LiveTask } from "../live-task.js";
import type { Judge } from "./ask-judge.js";
import { compareAttempts } from "./compare-attempts.js";
import { judgeAttempt, type Verdict } from "./judge-attempt.js";

interface Asked {
  form: string;
  seed: number;
  data: Record<string, unknown>;
}

/** A judge that says, in the words of each form, what a test gives. */
function makeJudge(say: (asked: Asked) => string | null, more: Partial<Judge> = {}) {
  const asked: Asked[] = [];
  const judge: Judge = {
    model: {
      name: "http://judge/v1#m",
      ask: async ({ form, seed, messages }) => {
        const question = { form: form.name, seed, data: JSON.parse(messages.at(-1)?.content ?? "{}") };
        asked.push(question);
        const word = say(question);
        if (word === null) return null;
        const key = { answer_status: "status", whole_status: "status", task_status: "task" }[form.name];
        return JSON.stringify({ reason: `${word}!`, [key ?? "better"]: word });
      },
    },
    ...{ votes: 1, temperature: 0.2, seed: 5, cache: createMemoryCache() },
    signal: new AbortController().signal,
    ...more,
  };
  return { judge, asked };
}

const TASK: LiveTask = { id: "t", instruction: "Rain?", tools: null, group: null };
const TOOLS = [{ name: "weather", description: "", parameters: {} }];
const call: Step = {
  ...{ kind: "call", thought: "I look.", call: { name: "weather", arguments: "{}" } },
  observation: "rain",
};
const answered = (answer: string): Attempt => attemptOfSteps([call, { kind: "answer", thought: "", answer }]);

const judgeOne = async (
  say: (asked: Asked) => string | null,
  attempt: Attempt | null = answered("It rains."),
  more: Partial<Judge> = {},
) => {
  const { judge, asked } = makeJudge(say, more);
  return { verdicts: await judgeAttempt(judge, TASK, { attempt, tools: TOOLS }), asked };
};

describe("judgeAttempt", () => {
  it("asks about the answer alone, once a vote, with the next seed", async () => {
    const { verdicts, asked } = await judgeOne(() => "solved", undefined, { votes: 3 });
    expect(verdicts).toEqual(
      Array(3).fill({ status: "solved", reason: "solved!", task: null, passes: true }),
    );
    expect(asked.map(({ form, seed }) => [form, seed])).toEqual([
      ["answer_status", 5],
      ["answer_status", 6],
      ["answer_status", 7],
    ]);
    expect(asked[0]?.data).toEqual({ task: "Rain?", answer: "It rains." });
  });

  it("shows everything that was done where the answer alone does not tell", async () => {
    const { verdicts, asked } = await judgeOne(({ form }) =>
      form === "answer_status" ? "unsure" : "solved",
    );
    expect(verdicts).toMatchObject([{ status: "solved", passes: true }]);
    expect(asked.map(({ form }) => form)).toEqual(["answer_status", "whole_status"]);
    expect(asked[1]?.data).toEqual({
      ...{ task: "Rain?", answer: "It rains." },
      steps: [{ thought: "I look.", tool: "weather", arguments: "{}", result: "rain" }],
    });
  });

  it.each([
    ["was not tried", null],
    ["was given up", attemptOfSteps([call, { kind: "give_up", thought: "" }])],
    ["ended in the middle", attemptOfSteps([call])],
    ["has an empty answer", answered(" ")],
  ])("asks nobody about a task that %s: it is unsolved", async (_, attempt) => {
    const { verdicts, asked } = await judgeOne(() => "solvable", attempt);
    expect(verdicts).toMatchObject([{ status: "unsolved", task: "solvable", passes: false }]);
    expect(asked.map(({ form }) => form)).toEqual(["task_status"]);
    expect(asked[0]?.data).toEqual({ task: "Rain?", tools: TOOLS });
  });

  it.each([
    ["unsolved", "solvable", false],
    ["unsolved", "unsolvable", true],
    ["unsolved", "unsure", "coin"],
    ["unsure", "solvable", "coin"],
    ["unsure", "unsure", "coin"],
    ["unsure", "unsolvable", true],
  ])("passes as ToolEval has it: %s and %s", async (status, solvable, expected) => {
    const say = ({ form }: Asked) => (form === "task_status" ? solvable : status);
    const { verdicts } = await judgeOne(say, undefined, { votes: 20 });
    const passed = new Set(verdicts.map(({ passes }) => passes));
    expect(passed).toEqual(new Set(expected === "coin" ? [true, false] : [expected]));
    const again = await judgeOne(say, undefined, { votes: 20 });
    expect(again.verdicts).toEqual(verdicts);
  });

  it("asks again with other seeds for what cannot be read, and then lets it be", async () => {
    const words = ["nonsense", null, "solved"];
    const { verdicts, asked } = await judgeOne(() => words.shift() ?? null);
    expect(verdicts).toMatchObject([{ status: "solved" }]);
    expect(new Set(asked.map(({ seed }) => seed)).size).toBe(3);
    const never = await judgeOne(() => null);
    expect(never.verdicts).toEqual([{ status: "unreadable", reason: "", task: null, passes: null }]);
    expect(never.asked).toHaveLength(3);
  });

  it("asks nothing twice, readable or not; another model, seed or temperature is asked", async () => {
    const cache: ResultCache = createMemoryCache();
    for (const word of ["solved", null]) {
      const attempt = answered(String(word));
      const first = await judgeOne(() => word, attempt, { cache });
      const second = await judgeOne(() => "unsolved", attempt, { cache });
      expect(second.verdicts).toEqual(first.verdicts);
      expect(second.asked).toEqual([]);
    }
    const attempt = answered("solved");
    const other = makeJudge(() => "solved", { cache });
    const model = { ...other.judge.model, name: "http://judge/v1#other" };
    await judgeAttempt({ ...other.judge, model }, TASK, { attempt, tools: TOOLS });
    expect(other.asked).toHaveLength(1);
  });
});

const verdict = (status: Verdict["status"], passes: boolean | null = null): Verdict => ({
  ...{ status, reason: "", task: null, passes },
});

describe("compareAttempts", () => {
  const CANDIDATE = answered("the candidate's");
  const REFERENCE = answered("the reference's");

  const compare = async (
    [own, other]: [Verdict, Verdict],
    say: (asked: Asked) => string | null = () => "tie",
    { votes = 1, candidate = CANDIDATE as Attempt | null } = {},
  ) => {
    const { judge, asked } = makeJudge(say, { votes });
    const rounds = await compareAttempts(judge, TASK, {
      candidate: { attempt: candidate, verdicts: Array(votes).fill(own) },
      reference: { attempt: REFERENCE, verdicts: Array(votes).fill(other) },
    });
    return { rounds, asked };
  };

  it.each([
    ["solved", "unsolved", "won"],
    ["solved", "unsure", "won"],
    ["unsure", "unsolved", "won"],
    ["unsolved", "solved", "lost"],
    ["unreadable", "unsolved", "unreadable"],
    ["solved", "unreadable", "unreadable"],
  ] as const)("asks nobody where %s is against %s: %s", async (own, other, result) => {
    const { rounds, asked } = await compare([verdict(own), verdict(other)]);
    expect(rounds).toMatchObject([{ result, solvable: result, first: null }]);
    expect(asked).toEqual([]);
  });

  it("lets whoever passes alone win ToolEval's way, whatever StableToolBench's says", async () => {
    const own = verdict("unsolved", true);
    const { rounds } = await compare([own, verdict("solved", false)]);
    expect(rounds).toMatchObject([{ result: "won", solvable: "lost" }]);
  });

  it("changes who is shown first, so that a judge who likes the first makes ties", async () => {
    const both = verdict("solved", true);
    const { rounds, asked } = await compare([both, both], () => "first", { votes: 4 });
    expect(asked).toHaveLength(4);
    const places = rounds.map(({ first }) => first);
    expect(places.slice(0, 2).toSorted()).toEqual(["candidate", "reference"]);
    expect(places.slice(2)).toEqual(places.slice(0, 2));
    expect(rounds.map(({ result, first }) => (result === "won") === (first === "candidate"))).toEqual(
      Array(4).fill(true),
    );
  });

  it("follows a judge who knows which is better, wherever it stands", async () => {
    const say = ({ data }: Asked) =>
      (data.first as { answer: string }).answer === "the candidate's" ? "first" : "second";
    const both = verdict("unsure");
    const { rounds } = await compare([both, both], say, { votes: 4 });
    expect(rounds.map(({ result }) => result)).toEqual(["won", "won", "won", "won"]);
  });

  it("is a tie where both did the same, and lost where nothing was done", async () => {
    const both = verdict("unsolved");
    const same = await compare([both, both], () => "first", { candidate: answered("the reference's") });
    expect(same).toMatchObject({ rounds: [{ result: "tied", first: null }], asked: [] });
    const nothing = await compare([both, both], () => "first", { candidate: null });
    expect(nothing).toMatchObject({ rounds: [{ result: "lost" }], asked: [] });
  });
});
