import { bootstrapMeans, type Resampling } from "./bootstrap.js";
import { add, type ClusterTotals, totalsByCluster } from "./cluster-totals.js";
import { countConfusions } from "./count-confusions.js";
import type { Metric, Slice, Summary } from "./evaluation.js";
import type { Item } from "./item.js";
import { METRICS } from "./metrics.js";

const DEFAULTS: Resampling = { seed: 1, resamples: 1000 };

/** Means with intervals: of all items, by group and by tool. The same items give the same summary in any order. */
export function summarizeItems(
  items: readonly Item[],
  kind: "static" | "live",
  options: Partial<Resampling> = {},
): Summary {
  const resampling = { ...DEFAULTS, ...options };
  // Sums of the same numbers differ with their order.
  const sorted = [...items].sort((a, b) => compare(a.cluster, b.cluster) || compare(a.id, b.id));
  const names = METRICS.filter((metric) => metric.kind === kind).map(({ name }) => name);
  const slice = ([name, own]: [string, Item[]]): Slice => ({
    name,
    items: own.length,
    metrics: measure(own, names, resampling).filter(({ count }) => count > 0),
  });
  const groups = groupBy(sorted, ({ group }) => (group === null ? [] : [group]));
  const tools = groupBy(sorted, (item) => new Set(item.tools));
  return {
    items: items.length,
    metrics: measure(sorted, names, resampling),
    groups: groups.sort(byName).map(slice),
    tools: tools.sort((a, b) => b[1].length - a[1].length || byName(a, b)).map(slice),
    confusions: kind === "static" ? countConfusions(sorted) : [],
    notes: countNotes(sorted),
  };
}

function measure(items: readonly Item[], names: readonly string[], resampling: Resampling): Metric[] {
  const totals = totalsByCluster(items, names);
  const intervals = bootstrapMeans(totals, resampling);
  return names.map((name, place) => {
    const { sums, counts } = totals[place] as ClusterTotals;
    const count = add(counts);
    if (count === 0) return { name, value: null, low: null, high: null, count };
    const value = add(sums) / count;
    const interval = intervals[place] ?? null;
    // Rounding alone can put the mean of equal scores outside.
    const low = interval && Math.min(interval.low, value);
    const high = interval && Math.max(interval.high, value);
    return { name, value, low, high, count };
  });
}

function groupBy(items: readonly Item[], namesOf: (item: Item) => Iterable<string>): [string, Item[]][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    for (const name of namesOf(item)) {
      const own = groups.get(name);
      if (own === undefined) groups.set(name, [item]);
      else own.push(item);
    }
  }
  return [...groups];
}

function countNotes(items: readonly Item[]): Record<string, number> {
  return Object.fromEntries(
    groupBy(items, ({ notes }) => notes)
      .sort(byName)
      .map(([note, own]) => [note, own.length]),
  );
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return compare(a, b);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
