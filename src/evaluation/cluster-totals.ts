import type { Item } from "./item.js";

/** What one metric adds up to in each cluster, and over how many items. */
export interface ClusterTotals {
  sums: Float64Array;
  counts: Float64Array;
}

/** For each metric; every cluster of the items has a place, the same for all metrics, whether or not it has a score. */
export function totalsByCluster(items: readonly Item[], names: readonly string[]): ClusterTotals[] {
  const places = new Map<string, number>();
  for (const { cluster } of items) if (!places.has(cluster)) places.set(cluster, places.size);
  return names.map((name) => {
    const sums = new Float64Array(places.size);
    const counts = new Float64Array(places.size);
    for (const { cluster, scores } of items) {
      const score = scores[name] ?? null;
      if (score === null) continue;
      const place = places.get(cluster) as number;
      sums[place] = (sums[place] as number) + score;
      counts[place] = (counts[place] as number) + 1;
    }
    return { sums, counts };
  });
}

export function add(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
