import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { makeItem } from "../../test/evaluated-items.js";
import type { Step } from "../core/trajectory.js";
import type { Metric, Summary } from "./evaluation.js";
import type { Item } from "./item.js";
import { METRICS } from "./metrics.js";
import { summarizeItems } from "./summarize-items.js";

const find = (metrics: readonly Metric[], name: string) => metrics.find((metric) => metric.name === name);
const call = (name: string): Step => ({
  kind: "call",
  thought: "",
  call: { name, arguments: "{}" },
  observation: null,
});
const answer: Step = { kind: "answer", thought: "", answer: "done" };
const giveUp: Step = { kind: "give_up", thought: "" };

const someItem = fc
  .record({
    cluster: fc.constantFrom("a", "b", "c", "d"),
    group: fc.constantFrom(null, "seen", "unseen"),
    tools: fc.subarray(["t1", "t2"]),
    plan: fc.constantFrom(0, 1),
    f1: fc.oneof(fc.constant(null), fc.double({ min: 0, max: 1, noNaN: true })),
  })
  .map(({ cluster, group, tools, plan, f1 }) => ({
    cluster,
    group,
    tools,
    scores: { plan_accuracy: plan, argument_f1: f1 },
  }));
const someItems = fc
  .array(someItem, { maxLength: 30 })
  .map((all) => all.map(({ scores, ...more }, index) => makeItem(`i${index}`, scores, more)));
const few = { resamples: 100 };

describe("summarizing items", () => {
  it("gives each metric's mean over the items that have a score", () => {
    const { items, metrics } = summarizeItems(
      [
        makeItem("a#1", { plan_accuracy: 1, argument_f1: 0.5 }),
        makeItem("a#2", { plan_accuracy: 0, argument_f1: null }),
        makeItem("b#1", { plan_accuracy: 1 }),
      ],
      "static",
    );
    expect(items).toBe(3);
    expect(find(metrics, "plan_accuracy")).toMatchObject({ value: 2 / 3, count: 3 });
    expect(find(metrics, "argument_f1")).toMatchObject({ value: 0.5, count: 1 });
    expect(find(metrics, "rouge_l")).toEqual({
      name: "rouge_l",
      value: null,
      low: null,
      high: null,
      count: 0,
    });
  });

  it("has every metric of its kind and none of the other", () => {
    const names = (kind: "static" | "live") => summarizeItems([], kind).metrics.map(({ name }) => name);
    expect(names("static")).toEqual(METRICS.filter(({ kind }) => kind === "static").map(({ name }) => name));
    expect(names("live")).toEqual(METRICS.filter(({ kind }) => kind === "live").map(({ name }) => name));
  });

  it("draws whole clusters: what does not differ between them is certain", () => {
    const alike = ["a", "b", "c"].flatMap((cluster) => [
      makeItem(`${cluster}#1`, { plan_accuracy: 1 }),
      makeItem(`${cluster}#2`, { plan_accuracy: 0 }),
    ]);
    expect(find(summarizeItems(alike, "static").metrics, "plan_accuracy")).toMatchObject({
      low: 0.5,
      high: 0.5,
    });
    const apart = alike.map((item, index) => ({ ...item, cluster: `c${index % 2}` }));
    expect(find(summarizeItems(apart, "static").metrics, "plan_accuracy")).toMatchObject({ low: 0, high: 1 });
  });

  it("knows no interval where a metric has scores in one cluster alone", () => {
    const items = [makeItem("a#1", { plan_accuracy: 1 }), makeItem("a#2", { plan_accuracy: 0 })];
    expect(find(summarizeItems(items, "static").metrics, "plan_accuracy")).toMatchObject({
      value: 0.5,
      low: null,
      high: null,
    });
  });

  it("narrows the interval as there are more clusters, to what theory says", () => {
    const items = Array.from({ length: 400 }, (_, i) =>
      makeItem(`t${i}#1`, { plan_accuracy: i % 4 === 0 ? 0 : 1 }),
    );
    const plan = find(summarizeItems(items, "static").metrics, "plan_accuracy");
    const half = 1.96 * Math.sqrt((0.75 * 0.25) / 400);
    expect(plan?.low).toBeCloseTo(0.75 - half, 2);
    expect(plan?.high).toBeCloseTo(0.75 + half, 2);
  });

  it("slices by group and by tool, the most frequent tool first, and leaves out what has no score there", () => {
    const { groups, tools } = summarizeItems(
      [
        makeItem("a#1", { plan_accuracy: 1 }, { group: "unseen", tools: ["z"] }),
        makeItem("a#2", { plan_accuracy: 0 }, { group: "seen", tools: ["b", "b"] }),
        makeItem("b#1", { plan_accuracy: 1 }, { group: "seen", tools: ["z", "a"] }),
        makeItem("b#2", { plan_accuracy: 1 }),
      ],
      "static",
    );
    expect(groups.map(({ name, items }) => [name, items])).toEqual([
      ["seen", 2],
      ["unseen", 1],
    ]);
    expect(tools.map(({ name, items }) => [name, items])).toEqual([
      ["z", 2],
      ["a", 1],
      ["b", 1],
    ]);
    expect(groups[0]?.metrics.map(({ name, value }) => [name, value])).toEqual([["plan_accuracy", 0.5]]);
  });

  it("counts what was decided against what was recorded", () => {
    const pairs: [Step, Step][] = [
      [call("t"), call("t")],
      [call("t"), answer],
      [answer, call("u")],
      [giveUp, answer],
    ];
    const items = pairs.map(([reference, prediction], index) =>
      makeItem(`a#${index}`, {}, { reference: [reference], prediction: [prediction] }),
    );
    const [decisions, tools] = summarizeItems(items, "static").confusions;
    expect(decisions).toEqual({
      title: "planner: decision",
      labels: ["call", "answer", "give up"],
      counts: [
        [1, 1, 0],
        [1, 0, 0],
        [0, 1, 0],
      ],
    });
    expect(tools).toEqual({
      title: "caller: tool",
      labels: ["t", "u", "other", "none"],
      counts: [
        [1, 0, 0, 1],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
        [0, 1, 0, 0],
      ],
    });
  });

  it("has a column for planners that decided nothing, and takes calls that name no tool for other ones", () => {
    const failed: Step = { kind: "give_up", thought: "", untrained: "empty_plan" };
    const unreadable: Step = { ...call("I do not know"), untrained: "unreadable_call" } as Step;
    const items = [failed, unreadable].map((prediction, index) =>
      makeItem(`a#${index}`, {}, { reference: [call("t")], prediction: [prediction] }),
    );
    const [decisions, tools] = summarizeItems(items, "static").confusions;
    expect(decisions?.labels).toEqual(["call", "answer", "give up", "none"]);
    expect(decisions?.counts[0]).toEqual([1, 0, 0, 1]);
    expect(tools?.labels).toEqual(["t", "other", "none"]);
    expect(tools?.counts[0]).toEqual([0, 1, 1]);
  });

  it("puts rare tools under other, however they are called", () => {
    const items = Array.from({ length: 30 }, (_, i) => {
      const step = call(["other", "none", "__proto__"][i] ?? `t${i % 15}`);
      return makeItem(`a#${i}`, {}, { reference: [step], prediction: [step] });
    });
    const tools = summarizeItems(items, "static").confusions[1];
    expect(tools?.labels).toHaveLength(14);
    expect(tools?.counts.flat().reduce((sum, count) => sum + count, 0)).toBe(30);
    expect(tools?.counts.at(-1)?.every((count) => count === 0)).toBe(true);
  });

  it("counts notes", () => {
    const notes = (id: string, ...all: string[]) => makeItem(id, {}, { notes: all });
    const { notes: counted } = summarizeItems([notes("b", "y", "x"), notes("a", "y")], "live");
    expect(JSON.stringify(counted)).toBe('{"x":1,"y":2}');
  });

  it("has intervals that hold the mean, in every slice", () => {
    const check = ({ value, low, high, count }: Metric) => {
      expect(value === null).toBe(count === 0);
      if (low === null || high === null || value === null) return;
      expect(low).toBeLessThanOrEqual(value);
      expect(high).toBeGreaterThanOrEqual(value);
    };
    const all = ({ metrics, groups, tools }: Summary) => [
      ...metrics,
      ...[...groups, ...tools].flatMap((slice) => slice.metrics),
    ];
    fc.assert(
      fc.property(someItems, fc.nat(), (items, seed) => {
        all(summarizeItems(items, "static", { ...few, seed })).forEach(check);
      }),
      { numRuns: 60 },
    );
  });

  it("gives the same bytes for the same items and seed, in any order", () => {
    const shuffled = someItems.chain((items) =>
      fc.tuple(fc.constant(items), fc.shuffledSubarray(items, { minLength: items.length })),
    );
    const bytes = (items: readonly Item[], seed: number) =>
      JSON.stringify(summarizeItems(items, "static", { ...few, seed }));
    fc.assert(
      fc.property(shuffled, fc.nat(), ([items, others], seed) => {
        expect(bytes(others, seed)).toBe(bytes(items, seed));
      }),
      { numRuns: 60 },
    );
  });

  it("draws otherwise with another seed", () => {
    const items = Array.from({ length: 50 }, (_, i) => makeItem(`t${i}#1`, { argument_f1: (i * 37) % 50 }));
    const [one, two] = [1, 2].map((seed) => summarizeItems(items, "static", { seed }).metrics);
    expect(one).not.toEqual(two);
  });
});
