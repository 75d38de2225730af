import { describe, expect, it } from "@jest/globals";
import { makeEvaluated, makeItem } from "../../../test/evaluated-items.js";
import { createSeededRandom } from "../../../test/vendor/seeded-random.js";
import type { Item } from "../item.js";
import { METRICS } from "../metrics.js";
import { compareItems } from "./compare-items.js";
import type { Comparison } from "./comparison.js";
import { judgeComparisons } from "./judge-comparisons.js";

const QUICK = { resamples: 200, permutations: 999 };

function compareScores(pairs: readonly { a: Item["scores"]; b: Item["scores"] }[]): Comparison {
  const side = (name: "a" | "b") => makeEvaluated(pairs.map((pair, i) => makeItem(`t${i}#1`, pair[name])));
  return compareItems(side("a"), side("b"), QUICK);
}

/** Of 40 trajectories the first `worse` lose their argument F1 and begin to hallucinate. */
function withWorse(worse: number): Comparison {
  return compareScores(
    Array.from({ length: 40 }, (_, i) => ({
      a: { plan_accuracy: 1, argument_f1: 1, hallucination: 0 },
      b: { plan_accuracy: 1, argument_f1: i < worse ? 0 : 1, hallucination: i < worse ? 1 : 0 },
    })),
  );
}

describe("judgeComparisons", () => {
  it("lets the same agent through, and one that got better", () => {
    expect(judgeComparisons([withWorse(0)]).isWorse).toBe(false);
    const better = compareScores(
      Array.from({ length: 40 }, () => ({ a: { hallucination: 1 }, b: { hallucination: 0 } })),
    );
    const { isWorse, checks } = judgeComparisons([better]);
    expect({ isWorse, difference: checks[0]?.difference }).toEqual({ isWorse: false, difference: -1 });
  });

  it("stops one that is significantly worse, also where lower is better", () => {
    const { isWorse, checks } = judgeComparisons([withWorse(16)]);
    expect(isWorse).toBe(true);
    const worse = checks.filter((check) => check.isWorse);
    expect(worse.map(({ name, difference }) => [name, difference])).toEqual([
      ["argument_f1", -0.4],
      ["hallucination", 0.4],
    ]);
  });

  it("asks more of each metric where there are more of them", () => {
    // 6 clusters differ: p is 2/64, below 5 % alone and above it as one of two.
    const one = compareScores(
      Array.from({ length: 40 }, (_, i) => ({ a: { argument_f1: 1 }, b: { argument_f1: i < 6 ? 0 : 1 } })),
    );
    expect(judgeComparisons([one])).toMatchObject({
      isWorse: true,
      checks: [{ p: 2 / 64, correctedP: 2 / 64 }],
    });
    const { isWorse, checks } = judgeComparisons([withWorse(6)]);
    expect(isWorse).toBe(false);
    expect(checks.map(({ correctedP }) => correctedP)).toEqual([1, 6 / 64, 6 / 64]);
  });

  it("stops an equally good one about as seldom as it says, however many metrics there are", () => {
    const random = createSeededRandom(5);
    const names = METRICS.filter(({ kind, isHeadline }) => kind === "static" && isHeadline);
    const guess = () => Object.fromEntries(names.map(({ name }) => [name, random() < 0.7 ? 1 : 0]));
    const studies = 150;
    let stopped = 0;
    for (let study = 0; study < studies; study++) {
      const comparison = compareScores(Array.from({ length: 30 }, () => ({ a: guess(), b: guess() })));
      if (judgeComparisons([comparison]).isWorse) stopped++;
    }
    expect(stopped / studies).toBeLessThan(0.06);
  });

  it("goes by the conditions alone where there are some", () => {
    const comparison = withWorse(2);
    const gate = (metric: string, difference: number) =>
      judgeComparisons([comparison], [{ metric, difference }]).isWorse;
    expect(gate("argument_f1", -0.04)).toBe(true);
    expect(gate("argument_f1", -0.06)).toBe(false);
    expect(gate("hallucination", -0.04)).toBe(true);
    expect(gate("plan_accuracy", 0)).toBe(false);
    expect(gate("plan_accuracy", 0.01)).toBe(true);
  });

  it("refuses a condition that nothing could break", () => {
    expect(() => judgeComparisons([withWorse(0)], [{ metric: "rouge_l", difference: 0 }])).toThrow(
      "no item has rouge_l on both sides",
    );
  });

  it("keeps a condition that only rounding breaks", () => {
    const comparison = compareScores([{ a: { argument_f1: 0.92 }, b: { argument_f1: 0.9 } }]);
    const [check] = judgeComparisons([comparison], [{ metric: "argument_f1", difference: -0.02 }]).checks;
    expect(check).toMatchObject({ isWorse: false, low: null, atLeast: -0.02 });
  });

  it("takes a difference of one trajectory for chance", () => {
    const comparison = compareScores([{ a: { argument_f1: 1 }, b: { argument_f1: 0 } }]);
    expect(judgeComparisons([comparison]).isWorse).toBe(false);
  });

  it("sees a metric that got worse in any of several comparisons", () => {
    expect(judgeComparisons([withWorse(0), withWorse(16)])).toMatchObject({ isWorse: true });
  });
});
