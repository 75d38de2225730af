import { bootstrap, type Interval, meanOf, type Resampling } from "../bootstrap.js";
import type { ClusterTotals } from "../cluster-totals.js";

/** One metric on both sides; the places of clusters are the same. */
export interface PairedTotals {
  a: ClusterTotals;
  b: ClusterTotals;
}

/**
 * The interval of mean(B) − mean(A) of each metric: both sides of a cluster are drawn together. Null where fewer than
 * two clusters have a score: one says nothing about how much clusters differ.
 */
export function bootstrapDifferences(
  metrics: readonly PairedTotals[],
  resampling: Resampling,
): (Interval | null)[] {
  const statistics = metrics.map(({ a, b }) => {
    const [meanA, meanB] = [meanOf(a), meanOf(b)];
    return (drawn: Float64Array) => meanB(drawn) - meanA(drawn);
  });
  const intervals = bootstrap(metrics[0]?.a.sums.length ?? 0, statistics, resampling);
  return metrics.map(({ a, b }, metric) => {
    const scored = a.counts.filter((count, place) => count + (b.counts[place] as number) > 0).length;
    return scored < 2 ? null : (intervals[metric] ?? null);
  });
}
