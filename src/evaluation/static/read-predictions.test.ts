import { describe, expect, it } from "@jest/globals";
import { readPredictions } from "./read-predictions.js";
import { scoreStep } from "./score-step.js";

const entry = (reference: string, predictions: string, more = {}) => ({
  tools: [{ Name: "a", function: "does a", input: { q: "string, what", n: "integer", x: "list" } }],
  ...{ instruction: "why?", history: [], reference, predictions },
  ...more,
});
const CALL = 'assistant: t Next: caller.</s>caller: Action: a\nAction Input: {"q":"x"}</s>';

describe("reading the reference's predictions", () => {
  it("makes samples of them, and keeps the texts as they are", () => {
    const read = readPredictions([entry(CALL, "t Next: give up.")], "p.json");
    if (read.form !== "reference") throw new Error(read.form);
    expect(read.samples[0]).toMatchObject({
      instruction: "why?",
      reference: { kind: "call", thought: "t", call: { name: "a", arguments: '{"q":"x"}' } },
      tools: [{ name: "a", description: "does a", parameters: { type: "object" } }],
    });
    expect(read.samples[0]?.tools[0]?.parameters.properties).toEqual({
      ...{ q: { type: "string" }, n: { type: "integer" }, x: {} },
    });
    expect(read.steps).toEqual([{ kind: "give_up", thought: "t" }]);
    expect(read.cases).toEqual([{ toolNames: ["a"], reference: CALL, prediction: "t Next: give up." }]);
  });

  it("gives ids by what was asked, since the file's order is that of the predictions", () => {
    const entries = [
      entry(CALL, "x"),
      entry(CALL, "x", { history: ["more"] }),
      entry(CALL, "x", { instruction: "when?" }),
    ];
    const idsOf = (all: unknown[]) => {
      const read = readPredictions(all, "p.json");
      return read.form === "reference" ? read.samples.map(({ id }) => id) : [];
    };
    const ids = idsOf(entries);
    expect(new Set(ids).size).toBe(3);
    expect(idsOf([...entries].reverse())).toEqual([...ids].reverse());
    expect(new Set(ids.map((id) => id.split("#")[0])).size).toBe(2);
    const [same, again] = idsOf([entries[0], entry(CALL, "another")]);
    expect(again).toBe(`${same}~2`);
  });

  it("can score what it read", () => {
    const read = readPredictions([entry(CALL, CALL.replace("assistant", "asssitant"))], "p.json");
    if (read.form !== "reference") throw new Error(read.form);
    const { scores } = scoreStep(read.samples[0] as never, read.steps[0] as never);
    expect(scores).toMatchObject({ step_exact: 1, call_schema_valid: 1 });
  });
});

describe("reading predictions by id", () => {
  it("takes a step, a step as items.jsonl has it, or a text", () => {
    const read = readPredictions(
      [
        { id: "t#1", prediction: { kind: "call", call: { name: "a", arguments: { q: 1 } } } },
        { id: "t#2", prediction: [{ kind: "give_up", thought: "t", untrained: "empty_plan" }] },
        { id: "t#3", prediction: "Next: conclusion.</s>conclusion: yes" },
      ],
      "p.jsonl",
    );
    if (read.form !== "steps") throw new Error(read.form);
    expect([...read.steps]).toEqual([
      ["t#1", { kind: "call", thought: "", call: { name: "a", arguments: '{"q":1}' }, observation: null }],
      ["t#2", { kind: "give_up", thought: "t", untrained: "empty_plan" }],
      ["t#3", { kind: "answer", thought: "", answer: "yes" }],
    ]);
  });

  it.each<[unknown, RegExp]>([
    [{}, /p: it holds no list/],
    [[], /p: it holds no list/],
    [[{ id: "a" }], /p: entry 1: prediction: /],
    [[{ id: "a", prediction: { kind: "user", text: "x" } }], /p: entry 1: prediction/],
    [[{ id: "a", prediction: "x" }, 5], /p: entry 2: it: /],
    [
      [
        { id: "a", prediction: "x" },
        { id: "a", prediction: "y" },
      ],
      /p: entry 2: a second prediction for a/,
    ],
    [[entry("x", "y"), { ...entry("x", "y"), predictions: 5 }], /p: entry 2: predictions: /],
    [[{ ...entry("x", "y"), tools: [{ name: "a" }] }], /p: entry 1: tools\.0\.Name: /],
  ])("refuses %j", (entries, message) => {
    expect(() => readPredictions(entries, "p")).toThrow(
      expect.objectContaining({ code: "bad_input", message: expect.stringMatching(message) }),
    );
  });
});
