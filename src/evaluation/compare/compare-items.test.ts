import { describe, expect, it } from "@jest/globals";
import { makeEvaluated, makeItem } from "../../../test/evaluated-items.js";
import type { Item } from "../item.js";
import { compareItems } from "./compare-items.js";
import type { Comparison } from "./comparison.js";

const ids = Array.from({ length: 20 }, (_, i) => `t${Math.floor(i / 2)}#${(i % 2) + 1}`);

/** Calls to two tools, in two groups; those of `broken` trajectories have wrong arguments. */
function makeCalls(broken: readonly string[] = []): Item[] {
  return ids.map((id, i) => {
    const argumentF1 = broken.includes(id.split("#")[0] ?? "") ? 0.25 : 1;
    const scores = { plan_accuracy: 1, argument_f1: argumentF1, hallucination: 0, rouge_l: null };
    return makeItem(id, scores, { tools: [i % 4 === 0 ? "book" : "search"], group: i < 6 ? "out" : "in" });
  });
}

const metricOf = ({ metrics }: Pick<Comparison, "metrics">, name: string) =>
  metrics.find((metric) => metric.name === name);

describe("compareItems", () => {
  it("finds nothing between an evaluation and itself", () => {
    const comparison = compareItems(makeEvaluated(makeCalls()), makeEvaluated(makeCalls()));
    expect(comparison).toMatchObject({ items: 20, clusters: 10, onlyInA: 0, onlyInB: 0, changes: [] });
    expect(comparison.metrics.map(({ name }) => name)).toEqual([
      "plan_accuracy",
      "argument_f1",
      "hallucination",
    ]);
    for (const metric of comparison.metrics) {
      expect(metric).toMatchObject({ difference: 0, low: 0, high: 0, p: 1, better: 0, worse: 0, same: 20 });
    }
  });

  it("measures a caller that got worse, by metric, group and tool", () => {
    const broken = ["t0", "t1", "t2", "t3"];
    const comparison = compareItems(makeEvaluated(makeCalls()), makeEvaluated(makeCalls(broken)));
    const whole = metricOf(comparison, "argument_f1");
    expect(whole).toMatchObject({ role: "caller", a: 1, b: 0.7, better: 0, worse: 8, same: 12 });
    expect(whole?.difference).toBeCloseTo(-0.3, 12);
    expect(whole?.low).toBeLessThan(-0.3);
    expect(whole?.high).toBeLessThan(0);
    // Four clusters of ten differ: of 16 exchanges two are as large.
    expect(whole?.p).toBe(2 / 16);
    expect(metricOf(comparison, "plan_accuracy")).toMatchObject({ difference: 0, p: 1 });
    const [inside, outside] = comparison.groups;
    expect(inside).toMatchObject({ name: "in", items: 14 });
    expect(outside).toMatchObject({ name: "out", items: 6 });
    expect(metricOf(outside ?? { metrics: [] }, "argument_f1")?.difference).toBeCloseTo(-0.75, 12);
    expect(comparison.tools.map(({ name, items }) => [name, items])).toEqual([
      ["search", 15],
      ["book", 5],
    ]);
  });

  it("lists the items that changed, the worst first, and says what both did", () => {
    const a = makeEvaluated([
      makeItem("t1#1", { plan_accuracy: 1, hallucination: 0 }),
      makeItem("t2#1", { plan_accuracy: 0, hallucination: null }),
      makeItem("t3#1", { plan_accuracy: 1, hallucination: 0 }),
      makeItem("t4#1", { plan_accuracy: 1, call_exact: 1 }),
    ]);
    const answer = { kind: "answer", thought: "", answer: "no" } as const;
    const b = makeEvaluated([
      makeItem("t1#1", { plan_accuracy: 1, hallucination: 0 }),
      makeItem("t2#1", { plan_accuracy: 1, hallucination: 0 }),
      makeItem("t3#1", { plan_accuracy: 0, hallucination: 1 }, { prediction: [answer] }),
      makeItem("t4#1", { plan_accuracy: 1, call_exact: 0 }),
    ]);
    const { changes } = compareItems(a, b);
    expect(changes.map(({ id, change }) => [id, change])).toEqual([
      ["t3#1", -2],
      ["t4#1", 0],
      ["t2#1", 1],
    ]);
    expect(changes[0]).toMatchObject({
      scores: { plan_accuracy: { a: 1, b: 0 }, hallucination: { a: 0, b: 1 } },
      a: [],
      b: [answer],
    });
    expect(changes[2]?.scores.hallucination).toEqual({ a: null, b: 0 });
  });

  it("leaves out and counts items that are on one side only, whatever their order", () => {
    const all = makeCalls();
    const comparison = compareItems(
      makeEvaluated(all.slice(2)),
      makeEvaluated([...all.slice(0, 19)].reverse()),
    );
    expect(comparison).toMatchObject({ items: 17, onlyInA: 1, onlyInB: 2, changes: [] });
  });

  it("has means but no difference where only one side has scores", () => {
    const a = makeEvaluated([makeItem("t1#1", { hallucination: null, plan_accuracy: 1 })]);
    const b = makeEvaluated([makeItem("t1#1", { hallucination: 1, plan_accuracy: 1 })]);
    const metric = metricOf(compareItems(a, b), "hallucination");
    expect(metric).toMatchObject({ a: null, b: 1, difference: null, low: null, p: null, same: 0 });
  });

  it("refuses what cannot be compared, and says in what it differs", () => {
    const one = makeEvaluated(makeCalls());
    const data = { name: "other.jsonl", sha256: "e".repeat(64) };
    const settings = { limits: { turns: 3 }, seed: 1 };
    const live = makeEvaluated([], { kind: "live", id: "live-0" });
    expect(() => compareItems(one, live)).toThrow("static-0 is a static evaluation, live-0 a live one");
    expect(() => compareItems(one, makeEvaluated(makeCalls(), { data }))).toThrow(
      "different data: static-0 of test.jsonl (dddddddddddd), static-0 of other.jsonl (eeeeeeeeeeee)",
    );
    const trained = (role: string) => ({ id: role, hash: role });
    const checkpoints = { planner: trained("p"), caller: trained("c"), summarizer: trained("s") };
    const subject = { name: "desk", checkpoints };
    const other = makeEvaluated(makeCalls(), { subject, settings });
    const same = makeEvaluated(makeCalls(), { subject, settings: { seed: 1, limits: { turns: 9 } } });
    expect(() => compareItems(other, same)).toThrow("different settings: limits.turns is 3 and 9");
    expect(() => compareItems(one, makeEvaluated([makeItem("x#1", {})]))).toThrow("no item in common");
    expect(compareItems(other, same, { acrossSettings: true }).settings).toEqual([
      { name: "limits.turns", a: 3, b: 9 },
    ]);
    // Predictions from elsewhere.
    expect(compareItems(one, same).settings).toEqual([]);
  });
});
