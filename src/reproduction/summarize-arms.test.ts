import { describe, expect, it } from "@jest/globals";
import type { Item } from "../evaluation/item.js";
import { type SeedItems, summarizeArm } from "./summarize-arms.js";

const item = (id: number, score: number | null, group: string | null = null): Item => ({
  ...{
    id: `i${id}`,
    cluster: `c${id}`,
    group,
    question: "",
    tools: [],
    reference: [],
    prediction: [],
    notes: [],
  },
  scores: { solved: score },
});

/** Forty items a seed, of which so many are solved. */
const arm = (...solved: number[]): SeedItems =>
  new Map(
    solved.map((count, seed) => [seed, Array.from({ length: 40 }, (_, i) => item(i, i < count ? 1 : 0))]),
  );

const solvedOf = (items: SeedItems, reference: SeedItems | null = null) => {
  const [all] = summarizeArm(items, reference);
  return { metric: all?.metrics[0], difference: all?.differences[0] };
};
const width = (metric: { low: number | null; high: number | null } | undefined) =>
  (metric?.high ?? Number.NaN) - (metric?.low ?? Number.NaN);

describe("summarizeArm", () => {
  it("means over seeds and items, with an interval around it", () => {
    const { metric } = solvedOf(arm(20, 30, 40));
    expect(metric).toMatchObject({ name: "solved", value: 0.75, count: 120 });
    expect(metric?.low).toBeLessThan(0.75);
    expect(metric?.high).toBeGreaterThan(0.75);
  });

  it("knows less where seeds differ than where they agree", () => {
    expect(width(solvedOf(arm(10, 20, 30)).metric)).toBeGreaterThan(width(solvedOf(arm(20, 20, 20)).metric));
  });

  it("compares the same seeds on the same items, so that what both find hard does not count", () => {
    const { difference } = solvedOf(arm(12, 22, 32), arm(10, 20, 30));
    expect(difference?.value).toBeCloseTo(0.05);
    const { metric } = solvedOf(arm(12, 22, 32));
    expect(width(difference)).toBeLessThan(width(metric) / 2);
  });

  it("says that equal arms do not differ", () => {
    expect(solvedOf(arm(10, 20), arm(10, 20)).difference).toMatchObject({ value: 0, low: 0, high: 0 });
  });

  it("compares over the seeds that both have", () => {
    expect(solvedOf(arm(10, 20, 40), arm(10, 20)).difference).toMatchObject({ value: 0, count: 80 });
  });

  it("counts groups apart, and leaves out items without a score", () => {
    const items = [item(1, 1, "in domain"), item(2, 0, "out of domain"), item(3, null, "out of domain")];
    const groups = summarizeArm(new Map([[0, items]]), null);
    expect(groups.map(({ name, metrics }) => [name, metrics[0]?.value, metrics[0]?.count])).toEqual([
      [null, 0.5, 2],
      ["in domain", 1, 1],
      ["out of domain", 0, 1],
    ]);
  });

  it("gives the same numbers twice", () => {
    expect(summarizeArm(arm(3, 30), arm(9, 9))).toEqual(summarizeArm(arm(3, 30), arm(9, 9)));
  });
});
