import { describe, expect, it } from "@jest/globals";
import { createScriptedModel, type Script, type ScriptedModel } from "../../test/scripted-roles.js";
import { createScriptedToolBox, createTool, type ScriptedToolBox } from "../../test/scripted-tools.js";
import { packageRoot } from "../../test/shared-data.js";
import type { Role } from "../core/roles.js";
import { loadProfile } from "../prompts/load-profile.js";
import type { AgentEvent, AgentResult } from "./agent-event.js";
import { type SolveOptions, solveTask, speakOnce, type Task, takeStep } from "./solve-task.js";

const { profile } = await loadProfile("thread", { packageRoot, cwd: packageRoot });

const limits = { maxTurns: 8, maxTokens: 10_000, maxSeconds: 60, maxCalls: 20, maxNewTokens: 256 };

function createOptions(
  scripts: Partial<Record<Role, Script>>,
  changes: Partial<SolveOptions> = {},
): SolveOptions & { model: ScriptedModel; toolBox: ScriptedToolBox } {
  return {
    limits,
    strategy: "chain",
    temperature: 0,
    seed: 1,
    signal: new AbortController().signal,
    now: () => new Date(0),
    toolBox: createScriptedToolBox([createTool("weather"), createTool("api.time")]),
    ...changes,
    model: createScriptedModel(profile, scripts),
  } as SolveOptions & { model: ScriptedModel; toolBox: ScriptedToolBox };
}

async function collect<Result>(
  events: AsyncGenerator<AgentEvent, Result>,
): Promise<{ events: AgentEvent[]; result: Result }> {
  const all: AgentEvent[] = [];
  for (;;) {
    const next = await events.next();
    if (next.done === true) return { events: all, result: next.value };
    all.push(next.value);
  }
}

const solve = (options: SolveOptions, task: Partial<Task> = {}) =>
  collect<AgentResult>(solveTask({ instruction: "How is the weather?", ...task }, options));

const CALL = "I need it. Next: caller.";
const ANSWER = "I know it. Next: summarizer.";
const GIVE_UP = "It cannot be known. Next: give up.";

const typesOf = (events: AgentEvent[]) => events.map(({ type }) => type).filter((type) => type !== "spoke");
const textsOf = (events: AgentEvent[], type: "warned") =>
  events.flatMap((event) => (event.type === type ? [event.message] : []));

describe("solveTask", () => {
  it("plans, calls, observes, plans and answers", async () => {
    const options = createOptions({
      planner: [` ${CALL}`, ` ${ANSWER}`],
      caller: [' weather\n{"city":"Bern"}'],
      summarizer: [" It rains."],
    });
    const { events, result } = await solve(options);
    expect(typesOf(events)).toEqual(["planned", "called", "observed", "planned", "answered"]);
    expect(result).toMatchObject({ outcome: "answered", answer: "It rains.", reason: null });
    expect(result.steps).toEqual([
      {
        kind: "call",
        thought: "I need it.",
        call: { name: "weather", arguments: '{"city":"Bern"}' },
        observation: 'weather says {"city":"Bern"}',
      },
      { kind: "answer", thought: "I know it.", answer: "It rains." },
    ]);
    expect(result.usage.planner.completions).toBe(2);
    expect(events.filter(({ type }) => type === "spoke")).toHaveLength(4);
  });

  it("asks every role with its own end of turn, and stops there", async () => {
    const options = createOptions({ planner: [ANSWER], summarizer: ["Yes"] });
    await solve(options);
    for (const { prompt, stop } of [options.model.asked.planner, options.model.asked.summarizer].flat()) {
      expect(prompt).not.toContain(profile.endOfTurn);
      expect(prompt).toContain("How is the weather?</s>");
      expect(stop).toEqual(["</s>"]);
    }
  });

  it("says to the caller's backend what a call looks like", async () => {
    const options = createOptions({ planner: [CALL, GIVE_UP], caller: ["weather\n{}"] });
    await solve(options);
    expect(options.model.asked.caller[0]?.grammar).toMatchObject({ before: " ", between: "\n", after: "" });
    expect(options.model.asked.planner[0]?.grammar).toBeNull();
  });

  it("answers where the planner wants a call and there is no tool", async () => {
    const options = createOptions(
      { planner: [CALL], summarizer: ["No idea"] },
      { toolBox: createScriptedToolBox([]) },
    );
    const { result } = await solve(options);
    expect(result.steps).toEqual([{ kind: "answer", thought: "I need it.", answer: "No idea" }]);
  });

  it("takes a name alone for a call without arguments", async () => {
    const options = createOptions({ planner: [CALL, GIVE_UP], caller: ["weather"] });
    await solve(options);
    expect(options.toolBox.called).toEqual([{ name: "weather", arguments: "{}" }]);
  });

  it("asks a planner again that did not decide, then takes a call to be meant", async () => {
    const undecided = "Let me see.";
    const options = createOptions({ planner: [undecided, "", undecided, GIVE_UP], caller: ["weather\n{}"] });
    const { events, result } = await solve(options);
    expect(result.steps[0]).toMatchObject({ kind: "call", thought: undecided });
    expect(textsOf(events, "warned")).toHaveLength(4);
    const { planner } = options.model.asked;
    expect(planner.map(({ temperature }) => temperature)).toEqual([0, 0.5, 0.7, 0]);
    expect(new Set(planner.map(({ seed }) => seed)).size).toBe(4);
  });

  it("gives up where a planner or a summarizer writes nothing", async () => {
    const silent = await solve(createOptions({ planner: ["", " ", "\n"] }));
    expect(silent.result).toMatchObject({ outcome: "gave_up", reason: "the planner wrote nothing" });
    const speechless = await solve(createOptions({ planner: [ANSWER], summarizer: ["", " ", "</s>"] }));
    expect(speechless.result).toMatchObject({ outcome: "gave_up", reason: "the summarizer wrote nothing" });
    expect(speechless.result.steps).toEqual([
      { kind: "give_up", thought: "I know it.", untrained: "empty_answer" },
    ]);
  });

  it("takes the end of a tool's name for the tool, with a warning", async () => {
    const options = createOptions({ planner: [CALL, GIVE_UP], caller: ["time\n{}"] });
    const { events } = await solve(options);
    expect(options.toolBox.called).toEqual([{ name: "api.time", arguments: "{}" }]);
    expect(textsOf(events, "warned")).toEqual(["the caller wrote time, taken to mean api.time"]);
  });

  it.each([
    ["a tool that is not there", "forecast\n{}", "there is no tool named forecast"],
    ["arguments that are no JSON", "weather\n{city}", "the arguments are not a JSON object"],
    ["arguments that are no object", "weather\n[1]", "the arguments are not a JSON object"],
  ])("observes %s as an error, and goes on", async (_, written, error) => {
    const options = createOptions({ planner: [CALL, GIVE_UP], caller: [written] });
    const { events, result } = await solve(options);
    expect(options.toolBox.called).toEqual([]);
    expect(events).toContainEqual({
      type: "observed",
      branch: 0,
      step: 1,
      text: `error: ${error}`,
      isError: true,
    });
    expect(result.outcome).toBe("gave_up");
  });

  it("observes an error where a caller writes no call three times", async () => {
    const options = createOptions({ planner: [CALL, GIVE_UP], caller: ["?", "", "!!"] });
    const { result } = await solve(options);
    expect(result.steps[0]).toMatchObject({ call: { name: "?" }, untrained: "unreadable_call" });
  });

  it("gives pieces of the answer that join to the answer, whatever the server leaves in it", async () => {
    const options = createOptions(
      { planner: [ANSWER], summarizer: ["  It rains </ today. \n</s> user: more"] },
      { streamsAnswer: true },
    );
    const { events, result } = await solve(options);
    const pieces = events.flatMap((event) => (event.type === "answering" ? [event.piece] : []));
    expect(pieces.length).toBeGreaterThan(2);
    expect(pieces.join("")).toBe("It rains </ today.");
    expect(result.answer).toBe("It rains </ today.");
  });

  it("goes on with a conversation", async () => {
    const options = createOptions({ planner: [ANSWER], summarizer: ["Sunny"] });
    const steps = [
      { kind: "answer", thought: "", answer: "Where?" } as const,
      { kind: "user", text: "Rome" } as const,
    ];
    const { result } = await solve(options, { steps });
    expect(options.model.asked.planner[0]?.prompt).toMatch(/Where\?<\/s>user: Rome<\/s>planner:$/);
    expect(result.steps.map(({ kind }) => kind)).toEqual(["answer", "user", "answer"]);
  });
});

describe("the limits of solveTask", () => {
  const endless = { planner: () => CALL, caller: () => "weather\n{}" };

  it.each([
    ["turns", { maxTurns: 3 }, 3],
    ["calls", { maxCalls: 2 }, 3],
    ["tokens", { maxTokens: 30 }, 4],
  ])("end it at its %s", async (reason, changed, turns) => {
    const options = createOptions(endless, { limits: { ...limits, ...changed } });
    const { result } = await solve(options);
    expect(result).toMatchObject({ outcome: "limit", answer: null, reason });
    expect(options.model.asked.planner).toHaveLength(turns);
  });

  it("end it at its seconds, between completions and within one that hangs", async () => {
    let milliseconds = 0;
    const now = () => {
      milliseconds += 10_000;
      return new Date(milliseconds);
    };
    const slow = await solve(createOptions(endless, { now }));
    expect(slow.result).toMatchObject({ outcome: "limit", reason: "seconds" });
    const hanging = await solve(
      createOptions({ planner: [{ hangs: true }] }, { limits: { ...limits, maxSeconds: 0.001 } }),
    );
    expect(hanging.result).toMatchObject({ outcome: "limit", reason: "seconds" });
  });

  it("let no completion have more tokens than are left", async () => {
    const options = createOptions(endless, { limits: { ...limits, maxTokens: 9 } });
    await solve(options);
    expect(options.model.asked.planner.map(({ maxTokens }) => maxTokens)).toEqual([9]);
    expect(options.model.asked.caller.map(({ maxTokens }) => maxTokens)).toEqual([3]);
  });
});

describe("what ends solveTask with an error", () => {
  it.each([
    ["a backend that hangs", { planner: [{ hangs: true as const }] }],
    ["a backend that hears no signal", { planner: () => new Promise<string>(() => undefined) }],
    ["a stream that hangs", { planner: [ANSWER], summarizer: [{ hangs: true as const }] }],
  ])("is an abort, also of %s", async (_, scripts) => {
    const controller = new AbortController();
    const options = createOptions(scripts, { signal: controller.signal, streamsAnswer: true });
    const solving = solve(options);
    await new Promise(setImmediate);
    controller.abort();
    await expect(solving).rejects.toMatchObject({ code: "interrupted" });
  });

  it("is an abort after any event but those that end the task", async () => {
    const scripts = { planner: [CALL, "", ANSWER], caller: ["weather\n{}"], summarizer: ["Yes"] };
    const count = (await solve(createOptions(scripts, { streamsAnswer: true }))).events.length;
    for (let last = 0; last < count - 2; last += 1) {
      const controller = new AbortController();
      const options = createOptions(scripts, { streamsAnswer: true, signal: controller.signal });
      const solving = solveTask({ instruction: "Q" }, options);
      for (let at = 0; at <= last; at += 1) await solving.next();
      controller.abort();
      const events = collect(solving);
      await expect(events).rejects.toMatchObject({ code: "interrupted" });
    }
  });

  it("is an abort while a tool runs", async () => {
    const controller = new AbortController();
    const toolBox = createScriptedToolBox([createTool("weather")], () => {
      controller.abort();
      return new Promise(() => undefined);
    });
    const options = createOptions(
      { planner: [CALL], caller: ["weather\n{}"] },
      { toolBox, signal: controller.signal },
    );
    await expect(solve(options)).rejects.toMatchObject({ code: "interrupted" });
  });

  it("is a backend that fails or dies in the middle of a stream", async () => {
    const failing = createOptions({ planner: [{ diesAfter: "" }] });
    await expect(solve(failing)).rejects.toMatchObject({ code: "backend_failed" });
    const dying = createOptions(
      { planner: [ANSWER], summarizer: [{ diesAfter: "It rai" }] },
      { streamsAnswer: true },
    );
    await expect(solve(dying)).rejects.toMatchObject({ code: "backend_failed" });
  });
});

describe("takeStep", () => {
  const take = (options: SolveOptions) =>
    collect(takeStep({ instruction: "How is the weather?" }, { ...options }));

  it("returns a call for the client to run", async () => {
    const options = createOptions({ planner: [CALL], caller: ['weather\n{"city":"Bern"}'] });
    const { events, result } = await take(options);
    expect(result).toEqual({
      kind: "call",
      thought: "I need it.",
      call: { name: "weather", arguments: '{"city":"Bern"}' },
      observation: null,
    });
    expect(typesOf(events)).toEqual(["planned", "called"]);
    expect(options.toolBox.called).toEqual([]);
  });

  it("lets the planner plan again after a call that cannot be run", async () => {
    const options = createOptions({
      planner: [CALL, ANSWER],
      caller: ["forecast\n{}"],
      summarizer: ["I cannot."],
    });
    const { result } = await take(options);
    expect(result).toMatchObject({ kind: "answer", answer: "I cannot." });
    expect(options.model.asked.planner[1]?.prompt).toContain("there is no tool named forecast");
  });

  it("gives up after the third such call, and at a limit", async () => {
    const options = createOptions({ planner: () => CALL, caller: () => "forecast\n{}" });
    expect((await take(options)).result.kind).toBe("give_up");
    expect(options.model.asked.planner).toHaveLength(3);
    const limited = createOptions({}, { limits: { ...limits, maxTokens: 0 } });
    expect((await take(limited)).result).toMatchObject({ kind: "give_up", untrained: "stopped" });
  });
});

describe("speakOnce", () => {
  const speak = (scripts: Partial<Record<Role, Script>>) =>
    collect(speakOnce({ instruction: "How is the weather?" }, createOptions(scripts)));
  const notesOf = (events: AgentEvent[]) =>
    events.flatMap((event) => (event.type === "warned" && event.note !== undefined ? [event.note] : []));

  it("takes the first plan and the first call, and runs nothing", async () => {
    const { result } = await speak({ planner: [CALL], caller: ['weather\n{"city":"Bern"}'] });
    const call = { name: "weather", arguments: '{"city":"Bern"}' };
    expect(result).toEqual({ kind: "call", thought: "I need it.", call, observation: null });
  });

  it.each<[string, Script, object]>([
    [
      "a tool that there is not",
      ["rain {}"],
      { call: { name: "rain", arguments: "{}" }, untrained: "hallucinated_call" },
    ],
    [
      "arguments that are no JSON",
      ["weather {city"],
      { call: { name: "weather", arguments: "{city" }, untrained: "broken_arguments" },
    ],
    [
      "no call at all",
      ["I am sorry!"],
      { call: { name: "I am sorry!", arguments: "" }, untrained: "unreadable_call" },
    ],
  ])("gives %s back as it was written", async (_, caller, expected) => {
    const { result } = await speak({ planner: [CALL], caller });
    expect(result).toEqual({ kind: "call", thought: "I need it.", observation: null, ...expected });
  });

  it("asks nobody twice, and says what it had to make of a text", async () => {
    const undecided = await speak({ planner: ["I need it."], caller: ["weather {}"] });
    expect(undecided.result).toMatchObject({ kind: "call", thought: "I need it." });
    expect(notesOf(undecided.events)).toEqual(["no_decision"]);
    expect((await speak({ planner: [""] })).result).toMatchObject({ untrained: "empty_plan" });
    const silent = await speak({ planner: [ANSWER], summarizer: [""] });
    expect(silent.result).toMatchObject({ kind: "give_up", untrained: "empty_answer" });
    const cut = await speak({ planner: [ANSWER], summarizer: [{ text: "It", finishReason: "length" }] });
    expect(notesOf(cut.events)).toEqual(["answer_cut"]);
  });
});
