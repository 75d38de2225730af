import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { bootstrap, type Interval, type Resampling, type Statistic } from "../evaluation/bootstrap.js";
import type { Metric } from "../evaluation/evaluation.js";
import type { Item } from "../evaluation/item.js";
import { METRICS } from "../evaluation/metrics.js";

/** What one arm scored; `items` by seed. */
export type SeedItems = ReadonlyMap<number, readonly Item[]>;

interface GroupSummary {
  name: string | null;
  metrics: Metric[];
  differences: Metric[];
}

const RESAMPLING: Resampling = { seed: 1, resamples: 1000 };
const NAMES = METRICS.filter(({ isHeadline }) => isHeadline).map(({ name }) => name);

/**
 * Means over seeds and items, of all items and by group. The 95 % intervals are of seeds and clusters of items drawn
 * anew, each with replacement and independently: another seed is another model, another item another question. With
 * few seeds they are coarse. `reference` null: the arm is the one that others are compared with.
 */
export function summarizeArm(arm: SeedItems, reference: SeedItems | null): GroupSummary[] {
  const groups = new Set([...arm.values()].flat().map(({ group }) => group));
  const named = [...groups].filter((group) => group !== null).sort();
  return [null, ...named].map((name) => {
    const own = ofGroup(arm, name);
    return {
      name,
      metrics: measure(own, null),
      differences: reference === null ? [] : measure(own, ofGroup(reference, name)),
    };
  });
}

function ofGroup(items: SeedItems, group: string | null): SeedItems {
  if (group === null) return items;
  return new Map([...items].map(([seed, all]) => [seed, all.filter((item) => item.group === group)]));
}

/** The metrics of an arm, or by how much they exceed another one's. */
function measure(arm: SeedItems, other: SeedItems | null): Metric[] {
  const seeds = [...arm.keys()].filter((seed) => other === null || other.has(seed)).sort((a, b) => a - b);
  const clusters = numberClusters(
    seeds.flatMap((seed) => [...(arm.get(seed) ?? []), ...(other?.get(seed) ?? [])]),
  );
  const tables = NAMES.flatMap((name) => {
    const own = tabulate(arm, { seeds, clusters, name });
    const theirs = other === null ? null : tabulate(other, { seeds, clusters, name });
    return own.count === 0 || theirs?.count === 0 ? [] : [{ name, own, theirs }];
  });
  const statistics = tables.map(({ own, theirs }) => {
    const draws = drawSeeds(seeds.length);
    return (drawn: Float64Array) => {
      const times = draws();
      return own.mean(drawn, times) - (theirs?.mean(drawn, times) ?? 0);
    };
  });
  const intervals = bootstrap(clusters.size, statistics, RESAMPLING);
  const once = { drawn: new Float64Array(clusters.size).fill(1), times: seeds.map(() => 1) };
  return tables.map(({ name, own, theirs }, place) => {
    const value = own.mean(once.drawn, once.times) - (theirs?.mean(once.drawn, once.times) ?? 0);
    return { name, value, ...around(value, intervals[place] ?? null), count: own.count };
  });
}

/** Rounding alone can put the mean of equal scores outside. */
function around(value: number, interval: Interval | null) {
  if (interval === null) return { low: null, high: null };
  return { low: Math.min(interval.low, value), high: Math.max(interval.high, value) };
}

/** How often each seed is drawn, draw after draw: the same for every statistic, since each begins anew. */
function drawSeeds(count: number): () => number[] {
  const random = xoroshiro128plus(RESAMPLING.seed + 1);
  return () => {
    const times = new Array<number>(count).fill(0);
    for (let i = 0; i < count; i++) {
      const seed = uniformInt(random, 0, count - 1);
      times[seed] = (times[seed] as number) + 1;
    }
    return times;
  };
}

function numberClusters(items: readonly Item[]): Map<string, number> {
  const places = new Map<string, number>();
  for (const { cluster } of [...items].sort((a, b) => (a.cluster < b.cluster ? -1 : 1))) {
    if (!places.has(cluster)) places.set(cluster, places.size);
  }
  return places;
}

interface Table {
  /** Items that have a score. */
  count: number;
  mean(drawn: Parameters<Statistic>[0], times: readonly number[]): number;
}

/** Sums of a metric by seed and cluster. */
function tabulate(
  items: SeedItems,
  { seeds, clusters, name }: { seeds: number[]; clusters: Map<string, number>; name: string },
): Table {
  let count = 0;
  const rows = seeds.map((seed) => {
    const sums = new Float64Array(clusters.size);
    const counts = new Float64Array(clusters.size);
    for (const { cluster, scores } of items.get(seed) ?? []) {
      const score = scores[name] ?? null;
      const place = clusters.get(cluster);
      if (score === null || place === undefined) continue;
      sums[place] = (sums[place] as number) + score;
      counts[place] = (counts[place] as number) + 1;
      count += 1;
    }
    return { sums, counts };
  });
  const mean = (drawn: Float64Array, times: readonly number[]): number => {
    let sum = 0;
    let weight = 0;
    for (const [index, { sums, counts }] of rows.entries()) {
      const often = times[index] as number;
      for (let place = 0; often > 0 && place < drawn.length; place++) {
        const factor = often * (drawn[place] as number);
        sum += factor * (sums[place] as number);
        weight += factor * (counts[place] as number);
      }
    }
    return sum / weight;
  };
  return { count, mean };
}
