import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { AgentModel } from "../src/agent/role-model.js";
import { readTrajectories } from "../src/cli/agent/read-trajectories.js";
import { type RunOptions, runTasks } from "../src/cli/agent/run-tasks.js";
import type { Context } from "../src/cli/context.js";
import { MllmError } from "../src/core/errors.js";
import type { Role } from "../src/core/roles.js";
import { loadProfile } from "../src/prompts/load-profile.js";
import { runCli } from "./run-cli.js";
import { createScriptedModel, type Script } from "./scripted-roles.js";
import { packageRoot } from "./shared-data.js";

const { profile } = await loadProfile("thread", { packageRoot, cwd: packageRoot });

const TOOLS = `
export const tools = [
  {
    name: "weather",
    description: "Weather of a city",
    inputSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    execute: ({ city }) => ({ sky: "rain over " + city }),
  },
  { name: "clock", description: "The time", execute: () => ({ error: "it stands still" }) },
];
`;

const CALL = "I need the weather. Next: caller.";
const ANSWER = "I know it. Next: summarizer.";
const GIVE_UP = "No tool does that. Next: give up.";
const WEATHER = 'weather\n{"city":"Bern"}';

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "mllm-run-"));
  await writeFile(join(cwd, "tools.mjs"), TOOLS);
});

afterEach(() => rm(cwd, { recursive: true, force: true }));

interface Asked {
  question?: string | null;
  options?: Partial<RunOptions>;
  signal?: AbortSignal;
}

/** Runs the command's body with scripted roles. */
async function run(
  scripts: Partial<Record<Role, Script>>,
  { question = "Rain?", options = {}, signal }: Asked = {},
) {
  const [stdout, stderr] = [createSink(), createSink()];
  const model = createScriptedModel(profile, scripts);
  const seen = { exitCode: 0, closed: 0 };
  const context: Context = {
    ...{ env: {}, cwd, packageRoot, version: "0.0.0", stdin: () => process.stdin, stdout, stderr },
    isTerminal: { stdout: false, stderr: false },
    signal: signal ?? new AbortController().signal,
    now: () => new Date(0),
    sleep: async () => {},
    setExitCode: (code) => {
      seen.exitCode = code;
    },
  };
  const open = async (): Promise<{ model: AgentModel; close(): Promise<void> }> => ({
    model,
    close: async () => {
      seen.closed += 1;
    },
  });
  const outcome = await runTasks(context, { question, options: { ...DEFAULTS, ...options }, open }).catch(
    (error: unknown) => error,
  );
  return { ...seen, model, error: outcome, stdout: stdout.text(), stderr: stderr.text() };
}

const DEFAULTS: RunOptions = {
  ...{ tools: "tools.mjs", strategy: "chain", concurrency: 4, temperature: 0, seed: 0 },
  ...{ maxTurns: 4, maxCalls: 10, maxTokens: 1000, maxNewTokens: 100, maxSeconds: 60 },
};

function createSink(): Writable & { text(): string } {
  const chunks: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  return Object.assign(sink, { text: () => chunks.join("") });
}

const readLines = async (name: string): Promise<Record<string, unknown>[]> =>
  (await readFile(join(cwd, name), "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("mllm run", () => {
  it("shows plan, call, observation and answer, and prints the answer alone to stdout", async () => {
    const done = await run({ planner: [CALL, ANSWER], caller: [WEATHER], summarizer: ["It rains."] });
    expect(done).toMatchObject({ error: undefined, exitCode: 0, closed: 1, stdout: "It rains.\n" });
    expect(done.stderr.split("\n").map((line) => line.trimEnd())).toEqual([
      "planner    I need the weather. → calls a tool",
      'caller     weather {"city":"Bern"}',
      'tool       {"sky":"rain over Bern"}',
      "planner    I know it. → answers",
      "summarizer It rains.",
      expect.stringContaining("4 completions"),
      "",
    ]);
  });

  it("writes events as JSON lines, the result last", async () => {
    const scripts = { planner: [CALL, ANSWER], caller: [WEATHER], summarizer: ["It rains."] };
    const { stdout } = await run(scripts, { options: { json: true } });
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string });
    const types = events.map(({ type }) => type).filter((type) => type !== "spoke");
    expect(types).toEqual(["planned", "called", "observed", "planned", "answered", "done"]);
    expect(events.at(-1)).toMatchObject({ outcome: "answered", answer: "It rains." });
  });

  it("exits with 1 where the agent gives up or a limit ends it, and says which", async () => {
    const gaveUp = await run({ planner: [GIVE_UP] });
    expect(gaveUp).toMatchObject({ exitCode: 1, stdout: "" });
    expect(gaveUp.stderr).toContain("gave up    No tool does that.");
    const endless = { planner: () => CALL, caller: () => WEATHER };
    const stopped = await run(endless, { options: { maxTurns: 2 } });
    expect(stopped.exitCode).toBe(1);
    expect(stopped.stderr).toContain("the limit of turns was reached");
  });

  it("lets the caller be bound by a grammar, unless calls are free", async () => {
    const scripts = { planner: [CALL, GIVE_UP], caller: ["forecast\n{}"] };
    const bound = await run(scripts);
    expect(bound.model.asked.caller[0]?.grammar).not.toBeNull();
    const free = await run(scripts, { options: { freeCalls: true } });
    expect(free.model.asked.caller[0]?.grammar).toBeNull();
    expect(free.stderr).toContain("error: there is no tool named forecast");
  });

  it("shows nothing that a tool or a model could steer the terminal with", async () => {
    const { stderr } = await run({ planner: ["\u001b[2JHa\u0007. Next: give up."] });
    expect(stderr).toContain("[2JHa. → gives up");
    expect(stderr).not.toContain("\u001b");
  });

  it("stops the servers when it is interrupted, and when a backend fails", async () => {
    const controller = new AbortController();
    const running = run({ planner: [{ hangs: true }] }, { signal: controller.signal });
    setImmediate(() => controller.abort());
    const interrupted = await running;
    expect(interrupted).toMatchObject({ closed: 1, error: { code: "interrupted" } });
    const failing = await run({ planner: [{ fails: new MllmError("backend_failed", "it is gone") }] });
    expect(failing).toMatchObject({ closed: 1, error: { code: "backend_failed" } });
  });

  it("starts no server where the tools cannot be opened or the trace cannot be written", async () => {
    const noTools = await run({}, { options: { tools: "none.mjs" } });
    expect(noTools).toMatchObject({ closed: 0, error: { code: "not_found" } });
    const noTrace = await run({}, { options: { trace: "none/trace.jsonl" } });
    expect(noTrace).toMatchObject({ closed: 0, error: { code: "not_found" } });
  });
});

describe("mllm run --trace", () => {
  it("writes the trajectory in a form that split-data reads back, beside the events", async () => {
    const scripts = {
      planner: [CALL, CALL, ANSWER],
      caller: [WEATHER, "clock\n{}"],
      summarizer: ["It rains."],
    };
    await run(scripts, { options: { trace: "trace.jsonl" } });
    const [record] = await readLines("trace.jsonl");
    expect(record).toMatchObject({ id: "1", win: true, mllm: { outcome: "answered" } });
    const [trajectory] = await readTrajectories("trace.jsonl", cwd);
    expect(trajectory).toMatchObject({ id: "1", instruction: "Rain?" });
    expect(trajectory?.tools.map(({ name }) => name)).toEqual(["weather", "clock"]);
    const thought = "I need the weather.";
    expect(trajectory?.steps).toEqual([
      {
        ...{ kind: "call", thought, call: { name: "weather", arguments: '{"city":"Bern"}' } },
        observation: '{"sky":"rain over Bern"}',
      },
      {
        kind: "call",
        thought,
        call: { name: "clock", arguments: "{}" },
        observation: "error: it stands still",
      },
      { kind: "answer", thought: "I know it.", answer: "It rains." },
    ]);
    const split = await runCli(
      ["split-data", "trace.jsonl", "--out", "data", "--validation", "0", "--json"],
      {
        cwd,
      },
    );
    expect(split).toMatchObject({ exitCode: 0 });
  });

  it("keeps a give-up, and leaves a call of no tool as one that nobody learns from", async () => {
    const scripts = { planner: [CALL, GIVE_UP], caller: ["forecast\n{}"] };
    await run(scripts, { options: { trace: "trace.jsonl" } });
    const [trajectory] = await readTrajectories("trace.jsonl", cwd);
    expect(trajectory?.steps).toMatchObject([
      { kind: "call", untrained: "hallucinated_call" },
      { kind: "give_up", thought: "No tool does that." },
    ]);
  });
});

describe("mllm run --questions", () => {
  const ask = async (lines: readonly object[], options: Partial<RunOptions> = {}) => {
    await writeFile(join(cwd, "questions.jsonl"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    const planner: Script = ({ prompt }) => {
      if (prompt.includes("never")) return GIVE_UP;
      return prompt.includes("observation:") ? ANSWER : CALL;
    };
    const scripts = { planner, caller: () => WEATHER, summarizer: () => "It rains." };
    return run(scripts, { question: null, options: { questions: "questions.jsonl", ...options } });
  };

  it("solves each with its own tools and counts what was right, group by group", async () => {
    const lines = [
      { id: "a", question: "Rain?", expected: "It rains.", group: "easy" },
      { id: "b", question: "Rain?", expected: "It snows.", group: "easy" },
      { id: "c", instruction: "never", expected: null, group: "hard" },
      { id: "d", question: "Rain?", tools: ["clock"], expected: null, group: "hard" },
    ];
    const { stdout, exitCode, closed } = await ask(lines, { trace: "trace.jsonl" });
    expect({ exitCode, closed }).toEqual({ exitCode: 0, closed: 1 });
    expect(stdout.split("\n").map((line) => line.replace(/ +/g, " "))).toEqual([
      "GROUP TASKS ANSWERED GAVE UP AT A LIMIT SOLVED SHARE",
      "easy 2 2 0 0 1 of 2 50.0 %",
      "hard 2 1 1 0 1 of 2 50.0 %",
      "all 4 3 1 0 2 of 4 50.0 %",
      "",
    ]);
    const records = await readLines("trace.jsonl");
    const right = records.filter(({ mllm }) => (mllm as { isSolved: boolean }).isSolved);
    expect(right.map(({ id }) => id).sort()).toEqual(["a", "c"]);
  });

  it("says what is wrong with a line, before servers are started", async () => {
    expect(await ask([{ id: "a" }])).toMatchObject({ closed: 0, error: { code: "bad_input" } });
    const unknown = await ask([{ question: "Rain?", tools: ["sun"] }]);
    expect(unknown).toMatchObject({ closed: 0, error: { code: "bad_input" } });
    expect((unknown.error as MllmError).message).toContain("sun");
  });
});

describe("the command line of mllm run", () => {
  it.each([
    ["no question", ["run", "--tools", "tools.mjs"]],
    [
      "a question and a file of questions",
      ["run", "Rain?", "--questions", "q.jsonl", "--tools", "tools.mjs"],
    ],
    ["no tools", ["run", "Rain?"]],
    ["an endpoint without a role", ["run", "Rain?", "--tools", "tools.mjs", "--role-endpoint", "http://x#y"]],
    ["no number of turns", ["run", "Rain?", "--tools", "tools.mjs", "--max-turns", "0"]],
  ])("is wrong with %s", async (_, args) => {
    expect(await runCli(args, { cwd })).toMatchObject({ exitCode: 2 });
  });

  it("needs a trained agent", async () => {
    const { exitCode, stderr } = await runCli(["run", "Rain?", "--tools", "tools.mjs"], { cwd });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("`mllm train` makes checkpoints");
  });
});
