import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { ClusterTotals } from "./cluster-totals.js";

export interface Interval {
  low: number;
  high: number;
}

export interface Resampling {
  seed: number;
  resamples: number;
}

/** A number of a draw, given how often each cluster was drawn; not a number where the draw says nothing about it. */
export type Statistic = (drawn: Float64Array) => number;

/**
 * The 95 % percentile interval of each statistic: whole clusters are drawn with replacement, the same ones for all
 * statistics. Null where no draw says anything.
 */
export function bootstrap(
  clusters: number,
  statistics: readonly Statistic[],
  { seed, resamples }: Resampling,
): (Interval | null)[] {
  const values = statistics.map(() => new Float64Array(resamples).fill(Number.NaN));
  const random = xoroshiro128plus(seed);
  const drawn = new Float64Array(clusters);
  for (let draw = 0; draw < resamples; draw++) {
    drawn.fill(0);
    for (let i = 0; i < clusters; i++) {
      const cluster = uniformInt(random, 0, clusters - 1);
      drawn[cluster] = (drawn[cluster] as number) + 1;
    }
    statistics.forEach((statistic, place) => {
      (values[place] as Float64Array)[draw] = statistic(drawn);
    });
  }
  return values.map(interval);
}

/**
 * The interval of each metric's mean over items. Null where fewer than two clusters have a score: one says nothing
 * about how much clusters differ.
 */
export function bootstrapMeans(
  metrics: readonly ClusterTotals[],
  resampling: Resampling,
): (Interval | null)[] {
  const scored = metrics.filter(({ counts }) => counts.filter((count) => count > 0).length > 1);
  if (scored.length === 0) return metrics.map(() => null);
  const intervals = bootstrap(scored[0]?.sums.length ?? 0, scored.map(meanOf), resampling);
  return metrics.map((metric) => intervals[scored.indexOf(metric)] ?? null);
}

/** Of the clusters that were drawn, as often as they were; not a number where none of them has a score. */
export function meanOf({ sums, counts }: ClusterTotals): Statistic {
  const places = Uint32Array.from([...counts.keys()].filter((place) => counts[place] !== 0));
  const ownSums = Float64Array.from(places, (place) => sums[place] as number);
  const ownCounts = Float64Array.from(places, (place) => counts[place] as number);
  return (drawn) => {
    let sum = 0;
    let count = 0;
    for (let i = 0; i < places.length; i++) {
      const times = drawn[places[i] as number] as number;
      sum += times * (ownSums[i] as number);
      count += times * (ownCounts[i] as number);
    }
    return sum / count;
  };
}

function interval(values: Float64Array): Interval | null {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  return sorted.length === 0 ? null : { low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
}

/** Between the two nearest values, by how near they are. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] as number;
  const above = sorted[Math.ceil(place)] as number;
  return below + (above - below) * (place % 1);
}
