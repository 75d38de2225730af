import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { addValue, createDistribution, mergeDistribution, summarizeDistribution } from "./distribution.js";

function distributionOf(values: readonly number[]) {
  const distribution = createDistribution();
  for (const value of values) addValue(distribution, value);
  return distribution;
}

const lengths = fc.array(fc.oneof(fc.nat(30), fc.nat(5_000_000)), { minLength: 1, maxLength: 200 });

describe("a distribution", () => {
  it("has the quantiles of the values, to a thousandth", () => {
    fc.assert(
      fc.property(lengths, (values) => {
        const sorted = [...values].sort((a, b) => a - b);
        const summary = summarizeDistribution(distributionOf(values));
        const exact = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
        expect(summary).toMatchObject({ count: values.length, min: sorted[0], max: sorted.at(-1) });
        for (const [share, found] of [
          [0.1, summary?.p10],
          [0.5, summary?.median],
          [0.9, summary?.p90],
          [0.99, summary?.p99],
        ] as const) {
          expect(Math.abs((found ?? 0) - exact(share))).toBeLessThanOrEqual(exact(share) / 1000);
        }
      }),
    );
  });

  it("holds every value in one of at most 25 bins", () => {
    fc.assert(
      fc.property(lengths, (values) => {
        const bins = summarizeDistribution(distributionOf(values))?.bins ?? [];
        expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
        expect(bins.length).toBeLessThanOrEqual(26);
        for (const [index, { from }] of bins.entries()) if (index > 0) expect(from).toBe(bins[index - 1]?.to);
      }),
    );
  });

  it("adds up to the same from parts", () => {
    fc.assert(
      fc.property(lengths, lengths, (some, others) => {
        const whole = distributionOf(some);
        mergeDistribution(whole, distributionOf(others));
        expect(summarizeDistribution(whole)).toEqual(
          summarizeDistribution(distributionOf([...some, ...others])),
        );
      }),
    );
  });

  it("stays small whatever comes", () => {
    const distribution = createDistribution();
    for (let value = 1; value < 3_000_000; value += 37) addValue(distribution, value);
    expect(distribution.counts.size).toBeLessThan(14_000);
  });

  it("is nothing without a value", () => {
    expect(summarizeDistribution(createDistribution())).toBeNull();
  });
});
