import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { describeWithSharedData, sharedData } from "../../../../test/shared-data.js";
import type { CompatScores } from "../../evaluation.js";
import type { OutputForm } from "./parse-output.js";
import { type ReferenceCase, scoreAsReference } from "./score-as-reference.js";

interface Golden {
  cases: { tools: { Name: string }[]; reference: string; predictions: string }[];
  metrics: Record<string, number> | null;
  error: string | null;
}

describeWithSharedData("the reference's own numbers", () => {
  const golden = JSON.parse(readFileSync(sharedData("golden/static_metrics.json"), "utf8")) as Record<
    string,
    Golden
  >;

  it.each(Object.entries(golden))("are met for %s", (_, { cases, metrics, error }) => {
    const scores = scoreAsReference(
      cases.map(({ tools, reference, predictions }) => ({
        ...{ toolNames: tools.map(({ Name }) => Name), reference, prediction: predictions },
      })),
    );
    if (metrics === null) expect(scores).toEqual({ error });
    else expectWithin(scores, metrics);
  });

  it("are of fourteen sets, exceptions among them", () => {
    const errors = Object.values(golden).filter(({ error }) => error !== null);
    expect([Object.keys(golden).length, errors.length]).toEqual([14, 4]);
  });
});

function expectWithin(scores: CompatScores, expected: Record<string, number>): void {
  expect(Object.keys(scores)).toEqual(Object.keys(expected));
  for (const [name, value] of Object.entries(scores)) {
    expect(Math.abs(value - (expected[name] as number))).toBeLessThanOrEqual(1e-12);
  }
}

const toolNames = ["a", "b"];
const callOf = (name: string, input: string) =>
  `assistant: t Next: caller.</s>caller: Action: ${name}\nAction Input: ${input}</s>`;
const answerOf = (text: string) => `assistant: t Next: conclusion.</s>conclusion: ${text}</s>`;
const caseOf = (reference: string, prediction: string): ReferenceCase => ({
  toolNames,
  reference,
  prediction,
});

/** An easy call and a hard one, both right: without them the reference divides by zero. */
const ANCHORS = ["{}", '{"k":1}'].map((input) => caseOf(callOf("a", input), callOf("a", input)));
const score = (cases: readonly ReferenceCase[], form?: OutputForm) => {
  const scores = scoreAsReference([...ANCHORS, ...cases], form);
  if ("error" in scores) throw new Error(scores.error);
  return scores;
};

describe("scoring as the reference", () => {
  // What its evaluation script gives for these arguments, recorded and predicted.
  it.each([
    ['{"k":1}', '{"k":true}', 1],
    ['{"k":0}', '{"k":-0.0}', 1],
    ['{"k":false}', '{"k":0.0}', 1],
    ['{"k":1}', '{"k":"1"}', 0.5],
    ['{"k":null}', '{"k":false}', 0.5],
    ['{"k":9007199254740993}', '{"k":9007199254740992}', 0.5],
    ['{"k":9007199254740993}', '{"k":9007199254740993.0}', 0.5],
    ['{"k":100000000000000000000000}', '{"k":1e23}', 0.5],
    ['{"k":10000000000000000}', '{"k":1e16}', 1],
    ['{"k":1e999}', '{"k":Infinity}', 1],
    ['{"k":NaN}', '{"k":NaN}', 0.5],
    ['{"k":[NaN]}', '{"k":[NaN]}', 1],
    ['{"k":[1,{"a":true}]}', '{"k":[true,{"a":1.0}]}', 1],
    ['{"k":{"a":1,"b":2}}', '{"k":{"b":2,"a":1}}', 1],
    ['{"k":[1,2]}', '{"k":[2,1]}', 0.5],
    ['{"k":"\\u0041"}', '{"k":"A"}', 1],
    ['{"k":1,"k":2}', '{"k":2}', 1],
    ['{"__proto__":1}', '{"__proto__":1}', 1],
    ['{"toString":1}', "{}", 0],
    ['{"k":1}', '{"k":1}{}', 0],
    ['{"k":1}', '\ufeff{"k":1}', 0],
    ['{"k":1}', '\u0085\u001f{"k":1}\u00a0', 1],
    ["[1]", "[1]", 0],
    ["5", "5", 0],
  ])("gives the arguments %s, predicted %s, an F1 of %p", (recorded, predicted, f1) => {
    const { hard_f1, f1: all } = score([caseOf(callOf("a", recorded), callOf("a", predicted))]);
    expect(hard_f1).toBeCloseTo((1 + f1) / 2, 12);
    expect(all).toBeCloseTo((2 + f1) / 3, 12);
  });

  it("passes over calls whose recorded arguments Python cannot read, numbers too long for it among them", () => {
    for (const input of ['{"k":', `{"k":${"7".repeat(4301)}}`]) {
      expect(score([caseOf(callOf("a", input), callOf("a", input))])).toMatchObject({ f1: 1, action_em: 1 });
    }
  });

  it("counts another action among the easy and the hard, and made-up ones over all steps", () => {
    const wrong = caseOf(callOf("a", "{}"), callOf("x", "{}"));
    const gaveUp = caseOf("t Next: give up.", callOf("y", "{}"));
    expect(score([wrong, gaveUp])).toEqual({
      ...{ rouge: 0, plan_em: 3 / 4, action_em: 2 / 3 },
      ...{ easy_f1: 1 / 2, hard_f1: 1 / 2, f1: 2 / 3, hallu_rate: 2 / 4 },
    });
  });

  it("does not score 0 quite", () => {
    const scores = scoreAsReference([caseOf(callOf("a", "{}"), answerOf("yes"))]);
    expect(scores).toMatchObject({ easy_f1: 1e-30, hard_f1: 1e-30, f1: 1e-30 });
  });

  it.each([
    ["ZeroDivisionError: division by zero", []],
    ["IndexError: list index out of range", [caseOf(callOf("a", "{}"), "Next: caller.")]],
    ["ValueError: substring not found", [caseOf(answerOf("x"), "Next: conclusion.</s>conclusion:x")]],
    ["ValueError: Hypothesis is empty.", [...ANCHORS, caseOf(answerOf("x"), answerOf("..."))]],
    ["ValueError: Reference is empty.", [...ANCHORS, caseOf(answerOf(""), answerOf("x"))]],
  ])("ends with %s where the reference does", (error, cases) => {
    expect(scoreAsReference(cases)).toEqual({ error });
  });

  it("gives up on sentences that are too long for Python's recursion", () => {
    const words = (count: number) => answerOf(Array.from({ length: count }, (_, i) => `w${i}`).join(" "));
    expect(score([caseOf(words(991), words(991))]).rouge).toBeCloseTo(1, 7);
    expect(scoreAsReference([...ANCHORS, caseOf(words(992), words(992))])).toEqual({
      error: "RecursionError: maximum recursion depth exceeded",
    });
  });

  it("reads what one model writes as a whole step", () => {
    const backbone = [
      caseOf("t\nAction: a\nAction Input: {}", "t\nAction: a\nAction Input: {}"),
      caseOf('Action: b\nAction Input: {"k":1}', "no call"),
      caseOf("conclusion: give up", "conclusion: give up"),
      caseOf("conclusion: a b", "conclusion: a</s>"),
    ];
    expect(scoreAsReference(backbone, "backbone")).toMatchObject({
      ...{ plan_em: 1, action_em: 0.5, easy_f1: 0.5, hallu_rate: 0, rouge: 0 },
    });
  });
});
