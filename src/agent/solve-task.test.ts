import { describe, expect, it } from "@jest/globals";
import {
  ANSWER,
  CALL,
  createOptions,
  GIVE_UP,
  profile,
  solve,
  textsOf,
  typesOf,
} from "../../test/scripted-task.js";
import { createScriptedToolBox } from "../../test/scripted-tools.js";

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
