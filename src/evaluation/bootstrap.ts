import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** What one metric adds up to in each cluster, and over how many items. */
export interface ClusterTotals {
  sums: Float64Array;
  counts: Float64Array;
}

export interface Interval {
  low: number;
  high: number;
}

export interface Resampling {
  seed: number;
  resamples: number;
}

/**
 * The 95 % percentile interval of each metric's mean over items: whole clusters are drawn with replacement, the same
 * ones for all metrics. Draws that hold no score of a metric say nothing about it. Null where fewer than two clusters
 * have a score: one says nothing about how much clusters differ.
 */
export function bootstrapMeans(
  metrics: readonly ClusterTotals[],
  { seed, resamples }: Resampling,
): (Interval | null)[] {
  const clusters = metrics[0]?.sums.length ?? 0;
  const columns = metrics.map(withoutEmptyClusters);
  const means = columns.map(() => new Float64Array(resamples).fill(Number.NaN));
  const random = xoroshiro128plus(seed);
  const drawn = new Float64Array(clusters);
  for (let draw = 0; draw < resamples; draw++) {
    drawn.fill(0);
    for (let i = 0; i < clusters; i++) {
      const cluster = uniformInt(random, 0, clusters - 1);
      drawn[cluster] = (drawn[cluster] as number) + 1;
    }
    columns.forEach((column, metric) => {
      (means[metric] as Float64Array)[draw] = weightedMean(column, drawn);
    });
  }
  return columns.map(({ places }, metric) => (places.length < 2 ? null : interval(means[metric] ?? [])));
}

interface Column extends ClusterTotals {
  places: Uint32Array;
}

function withoutEmptyClusters({ sums, counts }: ClusterTotals): Column {
  const places = Uint32Array.from([...counts.keys()].filter((place) => counts[place] !== 0));
  return {
    places,
    sums: Float64Array.from(places, (place) => sums[place] as number),
    counts: Float64Array.from(places, (place) => counts[place] as number),
  };
}

/** Not a number where no cluster that has a score was drawn. */
function weightedMean({ places, sums, counts }: Column, drawn: Float64Array): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < places.length; i++) {
    const times = drawn[places[i] as number] as number;
    sum += times * (sums[i] as number);
    count += times * (counts[i] as number);
  }
  return sum / count;
}

function interval(means: Iterable<number>): Interval | null {
  const sorted = Float64Array.from([...means].filter((mean) => !Number.isNaN(mean))).sort();
  return sorted.length === 0 ? null : { low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
}

/** Between the two nearest values, by how near they are. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] as number;
  const above = sorted[Math.ceil(place)] as number;
  return below + (above - below) * (place % 1);
}
