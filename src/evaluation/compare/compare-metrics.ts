import type { Interval, Resampling } from "../bootstrap.js";
import { add, type ClusterTotals, totalsByCluster } from "../cluster-totals.js";
import type { MetricInfo } from "../metrics.js";
import { bootstrapDifferences, type PairedTotals } from "./bootstrap-differences.js";
import type { MetricDifference } from "./comparison.js";
import type { ItemPair } from "./pair-items.js";
import { permutationTest } from "./permutation-test.js";

export interface Sampling extends Resampling {
  /** How many exchanges the permutation test draws where it cannot try them all. */
  permutations: number;
}

/** In the order given; metrics of which no item has a score are left out. */
export function compareMetrics(
  pairs: readonly ItemPair[],
  metrics: readonly MetricInfo[],
  sampling: Sampling,
): MetricDifference[] {
  const scored = metrics.filter(({ name }) =>
    pairs.some(({ a, b }) => (a.scores[name] ?? null) !== null || (b.scores[name] ?? null) !== null),
  );
  const totals = pairTotals(
    pairs,
    scored.map(({ name }) => name),
  );
  const intervals = bootstrapDifferences(totals, sampling);
  return scored.map((metric, place) => {
    const { name, role, isHeadline, isLowerBetter } = metric;
    const interval = intervals[place] ?? null;
    return {
      ...{ name, role, isHeadline, isLowerBetter },
      ...measureDifference(totals[place] as PairedTotals, interval, sampling),
      ...countChanges(pairs, metric),
    };
  });
}

function pairTotals(pairs: readonly ItemPair[], names: readonly string[]): PairedTotals[] {
  const ofA = totalsByCluster(
    pairs.map(({ a }) => a),
    names,
  );
  const ofB = totalsByCluster(
    // Places are given in the order of clusters: A's decide.
    pairs.map(({ a, b }) => ({ ...b, cluster: a.cluster })),
    names,
  );
  return ofA.map((a, metric) => ({ a, b: ofB[metric] as ClusterTotals }));
}

function measureDifference(
  { a, b }: PairedTotals,
  interval: Interval | null,
  sampling: Sampling,
): Pick<MetricDifference, "a" | "b" | "difference" | "low" | "high" | "p"> {
  const [meanA, meanB] = [meanOfAll(a), meanOfAll(b)];
  const means = { a: meanA, b: meanB };
  if (meanA === null || meanB === null) return { ...means, difference: null, low: null, high: null, p: null };
  const difference = meanB - meanA;
  // Rounding alone can put the difference of equal scores outside.
  const low = interval && Math.min(interval.low, difference);
  const high = interval && Math.max(interval.high, difference);
  return { ...means, difference, low, high, p: permutationTest({ a, b }, sampling) };
}

function meanOfAll({ sums, counts }: ClusterTotals): number | null {
  const count = add(counts);
  return count === 0 ? null : add(sums) / count;
}

function countChanges(
  pairs: readonly ItemPair[],
  metric: MetricInfo,
): Pick<MetricDifference, "better" | "worse" | "same"> {
  const counts = { better: 0, worse: 0, same: 0 };
  for (const pair of pairs) {
    const gain = gainOf(pair, metric);
    if (gain !== null) counts[gain > 0 ? "better" : gain < 0 ? "worse" : "same"]++;
  }
  return counts;
}

/** B − A of one item, turned so that above zero is better; null where a side has no score. */
export function gainOf({ a, b }: ItemPair, { name, isLowerBetter }: MetricInfo): number | null {
  const [scoreA, scoreB] = [a.scores[name] ?? null, b.scores[name] ?? null];
  if (scoreA === null || scoreB === null) return null;
  return isLowerBetter ? scoreA - scoreB : scoreB - scoreA;
}
