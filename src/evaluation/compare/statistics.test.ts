import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createSeededRandom } from "../../../test/vendor/seeded-random.js";
import { bootstrapDifferences, type PairedTotals } from "./bootstrap-differences.js";
import { permutationTest } from "./permutation-test.js";

const SAMPLING = { seed: 1, resamples: 300, permutations: 400 };

/** One score on each side of each cluster. */
function oneEach(a: readonly number[], b: readonly number[]): PairedTotals {
  const ofOnes = (values: readonly number[]) => ({
    sums: Float64Array.from(values),
    counts: new Float64Array(values.length).fill(1),
  });
  return { a: ofOnes(a), b: ofOnes(b) };
}

function swap({ a, b }: PairedTotals): PairedTotals {
  return { a: b, b: a };
}

function bootstrapDifference(totals: PairedTotals, sampling: typeof SAMPLING) {
  return bootstrapDifferences([totals], sampling)[0] ?? null;
}

/**
 * Steps of trajectories that are hard or easy for both models; B is right more often by `effect`. Every third score of
 * B is missing in one cluster of four, as those of metrics that only predicted calls have.
 */
function simulate(random: () => number, { clusters, effect }: { clusters: number; effect: number }) {
  const side = () => ({ sums: new Float64Array(clusters), counts: new Float64Array(clusters) });
  const [a, b] = [side(), side()];
  const put = ({ sums, counts }: PairedTotals["a"], place: number, ease: number) => {
    sums[place] = (sums[place] ?? 0) + (random() < ease ? 1 : 0);
    counts[place] = (counts[place] ?? 0) + 1;
  };
  for (let place = 0; place < clusters; place++) {
    const ease = 0.3 + 0.4 * random();
    const steps = 1 + Math.floor(random() * 5);
    for (let step = 0; step < steps; step++) {
      put(a, place, ease);
      if (place % 4 > 0 || step % 3 < 2) put(b, place, ease + effect);
    }
  }
  return { a, b };
}

const add = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
const scoresArbitrary = fc.array(fc.constantFrom(0, 0.5, 1), { minLength: 1, maxLength: 4 });

const totalsArbitrary = fc
  .array(fc.record({ a: scoresArbitrary, b: scoresArbitrary }), { minLength: 2, maxLength: 30 })
  .map((clusters): PairedTotals => {
    const side = (name: "a" | "b") => ({
      sums: Float64Array.from(clusters, (cluster) => add(cluster[name])),
      counts: Float64Array.from(clusters, (cluster) => cluster[name].length),
    });
    return { a: side("a"), b: side("b") };
  });

describe("bootstrapDifferences", () => {
  it("gives the same interval for the same seed, and its mirror image where A and B change places", () => {
    fc.assert(
      fc.property(totalsArbitrary, (totals) => {
        const interval = bootstrapDifference(totals, SAMPLING);
        expect(bootstrapDifference(totals, SAMPLING)).toEqual(interval);
        const mirrored = bootstrapDifference(swap(totals), SAMPLING);
        expect(mirrored?.low).toBeCloseTo(-(interval?.high ?? Number.NaN), 9);
        expect(mirrored?.high).toBeCloseTo(-(interval?.low ?? Number.NaN), 9);
      }),
      { numRuns: 50 },
    );
  });

  it("is a point where all clusters agree", () => {
    expect(bootstrapDifference(oneEach([1, 1, 0], [1, 1, 0]), SAMPLING)).toEqual({ low: 0, high: 0 });
  });

  it("is none where there is but one cluster to draw", () => {
    expect(bootstrapDifference(oneEach([1], [0]), SAMPLING)).toBeNull();
  });

  it("leaves out draws in which a side has no score", () => {
    const totals = oneEach([1, 1], [0, 0]);
    totals.b.counts[1] = 0;
    expect(bootstrapDifference(totals, SAMPLING)).toEqual({ low: -1, high: -1 });
  });

  it("holds the true difference about as often as it says", () => {
    const random = createSeededRandom(7);
    const studies = 300;
    let held = 0;
    for (let study = 0; study < studies; study++) {
      const interval = bootstrapDifference(simulate(random, { clusters: 40, effect: 0.15 }), SAMPLING);
      if (interval !== null && interval.low <= 0.15 && interval.high >= 0.15) held++;
    }
    expect(held / studies).toBeGreaterThan(0.91);
    expect(held / studies).toBeLessThan(0.98);
  });
});

describe("permutationTest", () => {
  it("counts all exchanges of few clusters", () => {
    // Of the 8 ways, +++ and --- give a difference as large as the one seen.
    expect(permutationTest(oneEach([1, 1, 1], [0, 0, 0]), SAMPLING)).toBe(2 / 8);
    // Clusters without a difference take no part.
    expect(permutationTest(oneEach([1, 1, 1, 0, 1], [0, 0, 0, 0, 1]), SAMPLING)).toBe(2 / 8);
    // +1 and -1 cancel out: every exchange is at least as large.
    expect(permutationTest(oneEach([1, 0], [0, 1]), SAMPLING)).toBe(1);
  });

  it("is 1 where nothing differs, and never 0", () => {
    expect(permutationTest(oneEach([1, 0], [1, 0]), SAMPLING)).toBe(1);
    const p = permutationTest(oneEach(new Array(60).fill(1), new Array(60).fill(0)), SAMPLING);
    expect(p).toBeCloseTo(1 / (SAMPLING.permutations + 1), 12);
  });

  it("gives the same p for the same seed, and the same where A and B change places", () => {
    fc.assert(
      fc.property(totalsArbitrary, (totals) => {
        const p = permutationTest(totals, SAMPLING);
        expect(p).toBeGreaterThan(0);
        expect(p).toBeLessThanOrEqual(1);
        expect(permutationTest(totals, SAMPLING)).toBe(p);
        expect(permutationTest(swap(totals), SAMPLING)).toBe(p);
      }),
      { numRuns: 50 },
    );
  });

  it("comes near the exact value where it draws", () => {
    // 11 of 14 got worse: the two tails of a fair coin thrown 14 times.
    const exact = (2 * (364 + 91 + 14 + 1)) / 2 ** 14;
    const sums = oneEach([...new Array(11).fill(1), 0, 0, 0], [...new Array(11).fill(0), 1, 1, 1]);
    const drawn = permutationTest(sums, { seed: 3, permutations: 20_000 });
    expect(Math.abs(exact - drawn)).toBeLessThan(0.01);
  });

  it("is rarely below 5 % where A and B are equally good, and mostly where B is much better", () => {
    const random = createSeededRandom(11);
    const studies = 300;
    const shareFound = (effect: number) => {
      let found = 0;
      for (let study = 0; study < studies; study++) {
        if (permutationTest(simulate(random, { clusters: 40, effect }), SAMPLING) <= 0.05) found++;
      }
      return found / studies;
    };
    expect(shareFound(0)).toBeLessThan(0.08);
    expect(shareFound(0)).toBeGreaterThan(0.02);
    expect(shareFound(0.3)).toBeGreaterThan(0.9);
  });
});
