import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Step, Tool } from "../../core/trajectory.js";
import { METRICS } from "../metrics.js";
import { scoreStep } from "./score-step.js";
import type { StepSample } from "./step-sample.js";

const tool = (name: string, properties: Record<string, unknown> = {}, required: string[] = []): Tool => ({
  name,
  description: "",
  parameters: { type: "object", properties, required },
});
const tools = [
  tool("weather", { city: { type: "string" }, days: { type: "integer" } }, ["city"]),
  tool("time"),
];

const call = (name: string, text: string, more = {}): Step => ({
  ...{ kind: "call", thought: "t", call: { name, arguments: text }, observation: null },
  ...more,
});
const answer = (text: string): Step => ({ kind: "answer", thought: "t", answer: text });
const giveUp: Step = { kind: "give_up", thought: "" };

const sampleOf = (reference: Step, more: Partial<StepSample> = {}): StepSample => ({
  ...{ id: "t#1", trajectoryId: "t", group: "seen", tools, instruction: "why?", stepsBefore: [], reference },
  ...more,
});
const score = (reference: Step, predicted: Step) => scoreStep(sampleOf(reference), predicted);

describe("scoring a step", () => {
  it("makes an item of it, with a place for every static metric", () => {
    const item = score(call("time", "{}"), giveUp);
    expect(item).toMatchObject({ id: "t#1", cluster: "t", group: "seen", question: "why?", tools: ["time"] });
    expect(item.reference).toEqual([call("time", "{}")]);
    expect(item.prediction).toEqual([giveUp]);
    expect(Object.keys(item.scores)).toEqual(
      METRICS.filter(({ kind }) => kind === "static").map(({ name }) => name),
    );
  });

  it("gives all there is for the same call, whatever the thought and the order of the arguments", () => {
    const { scores, notes } = score(
      call("weather", '{"city": "Oslo", "days": 2}'),
      call("weather", '{"days":2.0,"city":"Oslo"}', { thought: "another" }),
    );
    expect(scores).toEqual({
      ...{ plan_accuracy: 1, action_exact: 1, argument_f1: 1, argument_f1_easy: null, argument_f1_hard: 1 },
      ...{ call_exact: 1, hallucination: 0, call_json_valid: 1, call_schema_valid: 1, rouge_l: null },
      ...{ call_exact_if_planned: 1, rouge_l_if_planned: null, step_exact: 1 },
    });
    expect(notes).toEqual([]);
  });

  it.each([
    ['{"city":"Oslo"}', '{"city":"Bergen"}', 0.5],
    ['{"city":"Oslo"}', '{"city":"Oslo","days":1,"x":2}', 0.5],
    ['{"city":"Oslo","days":1}', '{"city":"Oslo"}', 2 / 3],
    ['{"city":"Oslo"}', '{"town":"Oslo"}', 0],
    ['{"days":1}', '{"days":true}', 0.5],
    ['{"days":12345678901234567890}', '{"days":12345678901234567891}', 0.5],
    ['{"city":{"a":[1,{"b":null}]}}', '{"city":{"a":[1.0,{"b":null}]}}', 1],
    ['{"city":"Oslo"}', '{"city":', 0],
    ['{"city":"Oslo"}', '["Oslo"]', 0],
    ['{"days":1}', '{"days":NaN}', 0],
  ])("gives the arguments %s, predicted %s, an F1 of %p", (recorded, predicted, f1) => {
    const { scores } = score(call("weather", recorded), call("weather", predicted));
    expect(scores.argument_f1).toBeCloseTo(f1, 12);
    expect(scores.argument_f1_hard).toBe(scores.argument_f1);
    expect(scores.call_exact).toBe(f1 === 1 ? 1 : 0);
  });

  it("counts a call that was recorded without arguments as easy, and as nothing else", () => {
    const right = score(call("time", "{}"), call("time", ""));
    expect(right.scores).toMatchObject({ argument_f1_easy: 1, argument_f1_hard: null, argument_f1: 1 });
    const wrong = score(call("time", "{}"), call("time", '{"a":1}'));
    expect(wrong.scores).toMatchObject({ argument_f1_easy: 0, argument_f1_hard: null, argument_f1: 0 });
  });

  it("scores another tool 0 on the recorded call's own side", () => {
    const { scores } = score(call("weather", '{"city":"Oslo"}'), call("time", '{"city":"Oslo"}'));
    expect(scores).toMatchObject({
      plan_accuracy: 1,
      action_exact: 0,
      argument_f1: 0,
      call_exact: 0,
      step_exact: 0,
    });
    expect(scores).toMatchObject({ argument_f1_easy: null, hallucination: 0, call_json_valid: 1 });
  });

  it("leaves a recorded call whose arguments cannot be read out of F1, and compares its text", () => {
    const recorded = call("weather", '{"city":');
    const { scores, notes } = score(recorded, call("weather", '{"city": "Oslo"}'));
    expect(scores).toMatchObject({
      action_exact: 1,
      argument_f1: null,
      argument_f1_hard: null,
      call_exact: 0,
    });
    expect(notes).toEqual(["reference_arguments_unreadable"]);
    expect(score(recorded, call("weather", ' {"city":\n')).scores).toMatchObject({ call_exact: 1 });
  });

  it("counts made-up tools among predicted calls only, whatever was recorded", () => {
    expect(score(answer("yes"), call("wether", "{}")).scores).toMatchObject({
      ...{ plan_accuracy: 0, hallucination: 1, call_json_valid: 1, call_schema_valid: null, rouge_l: 0 },
    });
    expect(score(call("time", "{}"), answer("yes")).scores).toMatchObject({
      ...{ plan_accuracy: 0, hallucination: null, call_json_valid: null, action_exact: 0, argument_f1: 0 },
      ...{ call_exact: 0, call_exact_if_planned: null },
    });
  });

  it("cannot tell made-up tools where none were recorded", () => {
    const sample = sampleOf(call("time", "{}"), { tools: [] });
    const { scores, notes } = scoreStep(sample, call("time", "{}"));
    expect(scores).toMatchObject({ hallucination: null, call_schema_valid: null, action_exact: 1 });
    expect(notes).toEqual(["tools_unknown"]);
  });

  it("takes a text that is no call for a wrong one, not for a made-up tool", () => {
    const unreadable = call("I do not know", "", { untrained: "unreadable_call" });
    for (const predicted of [unreadable, call("", "{}")]) {
      const { scores, notes } = score(call("time", "{}"), predicted);
      expect(scores).toMatchObject({
        plan_accuracy: 1,
        action_exact: 0,
        hallucination: null,
        call_json_valid: 0,
      });
      expect(notes).toEqual(["predicted_call_unreadable"]);
    }
  });

  it.each([
    ['{"city":"Oslo","days":1}', 1, 1],
    ['{"city":"Oslo","days":"1"}', 1, 0],
    ['{"days":1}', 1, 0],
    ['{"city":', 0, 0],
    ["[]", 0, 0],
    ["", 1, 0],
  ])("finds the arguments %s JSON: %p, fit for the schema: %p", (text, json, schema) => {
    const { scores } = score(giveUp, call("weather", text));
    expect(scores).toMatchObject({ call_json_valid: json, call_schema_valid: schema });
  });

  it("compares answers by ROUGE-L, and others than answers score 0", () => {
    const recorded = answer("The weather is sunny. It is 20 C.");
    expect(score(recorded, answer("The weather is sunny today. It is 20 C.")).scores).toMatchObject({
      ...{ rouge_l: expect.closeTo(0.93333, 5), step_exact: 0 },
    });
    expect(score(recorded, answer(" The weather is\nsunny. It is 20 C.")).scores).toMatchObject({
      step_exact: 1,
    });
    expect(score(recorded, giveUp).scores).toMatchObject({ rouge_l: 0, rouge_l_if_planned: null });
    const empty = score(recorded, answer("..."));
    expect(empty.scores).toMatchObject({ rouge_l: 0, rouge_l_if_planned: 0 });
    expect(empty.notes).toEqual(["predicted_answer_empty"]);
    const none = score(answer(""), answer("yes"));
    expect(none.scores).toMatchObject({ rouge_l: null, plan_accuracy: 1 });
    expect(none.notes).toEqual(["reference_answer_empty"]);
  });

  it("knows what the planner decided where the text after it is missing", () => {
    const failed = (untrained: string): Step => ({ kind: "give_up", thought: "", untrained });
    expect(score(giveUp, failed("empty_plan")).scores).toMatchObject({ plan_accuracy: 0, step_exact: 0 });
    expect(score(answer("yes"), failed("empty_answer")).scores).toMatchObject({
      ...{ plan_accuracy: 1, rouge_l: 0, rouge_l_if_planned: 0, step_exact: 0 },
    });
    expect(score(giveUp, giveUp).scores).toMatchObject({ plan_accuracy: 1, step_exact: 1, rouge_l: null });
  });

  it("ends on arguments nested beyond all reason", () => {
    const deep = `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    const { scores } = score(call("weather", deep), call("weather", deep));
    expect(scores.plan_accuracy).toBe(1);
  });

  it("scores anything at all, within 0 and 1", () => {
    const text = fc.oneof(
      fc.json(),
      fc.string({ unit: "binary" }),
      fc.constantFrom("", "{}", '{"a":NaN}', "..."),
    );
    const anyStep: fc.Arbitrary<Step> = fc.oneof(
      fc
        .tuple(fc.oneof(text, fc.constantFrom("weather", "time")), text)
        .map(([name, given]) => call(name, given)),
      text.map(answer),
      fc.constant(giveUp),
      text.map((said): Step => ({ kind: "user", text: said })),
    );
    fc.assert(
      fc.property(anyStep, anyStep, (reference, predicted) => {
        const values = Object.values(score(reference, predicted).scores);
        expect(values.every((value) => value === null || (value >= 0 && value <= 1))).toBe(true);
      }),
    );
  });

  it("finds every step equal to itself", () => {
    const steps = [
      call("weather", '{"city":"Oslo","days":[1e400,12345678901234567890]}'),
      answer("a b. c"),
      giveUp,
    ];
    for (const step of steps) {
      const { scores } = score(step, step);
      expect(scores).toMatchObject({ plan_accuracy: 1, step_exact: 1 });
    }
  });
});
