/** How often each value came; values above 2,048 are kept to a thousandth, so that it stays small. */
export interface Distribution {
  counts: Map<number, number>;
  sum: number;
  min: number;
  max: number;
}

export interface DistributionSummary {
  count: number;
  mean: number;
  min: number;
  p10: number;
  median: number;
  p90: number;
  p99: number;
  max: number;
  /** Of equal width, from the least value on; the last one holds whatever lies above it, too. */
  bins: { from: number; to: number; count: number }[];
}

const EXACT_BITS = 11;
const MOST_BINS = 24;

export function createDistribution(): Distribution {
  return { counts: new Map(), sum: 0, min: Number.POSITIVE_INFINITY, max: 0 };
}

/** `value` is a whole number, 0 or more. */
export function addValue(distribution: Distribution, value: number): void {
  addCount(distribution, round(value), 1);
  distribution.sum += value;
  distribution.min = Math.min(distribution.min, value);
  distribution.max = Math.max(distribution.max, value);
}

export function mergeDistribution(into: Distribution, from: Distribution): void {
  for (const [value, count] of from.counts) addCount(into, value, count);
  into.sum += from.sum;
  into.min = Math.min(into.min, from.min);
  into.max = Math.max(into.max, from.max);
}

/** Null where there is no value. */
export function summarizeDistribution(distribution: Distribution): DistributionSummary | null {
  const sorted = [...distribution.counts].sort(([a], [b]) => a - b);
  const count = sorted.reduce((total, [, each]) => total + each, 0);
  if (count === 0) return null;
  const { sum, min, max } = distribution;
  const quantile = (share: number): number => {
    let below = 0;
    for (const [value, each] of sorted) {
      below += each;
      if (below >= share * count) return Math.max(min, value);
    }
    return max;
  };
  const p99 = quantile(0.99);
  return {
    ...{ count, mean: sum / count, min, max, p99 },
    ...{ p10: quantile(0.1), median: quantile(0.5), p90: quantile(0.9) },
    bins: fillBins(sorted, min, p99),
  };
}

function fillBins(sorted: [number, number][], min: number, p99: number): DistributionSummary["bins"] {
  const width = niceWidth((p99 - min + 1) / MOST_BINS);
  const start = Math.floor(min / width) * width;
  const number = Math.floor((p99 - start) / width) + 1;
  const bins = Array.from({ length: number }, (_, index) => {
    const from = start + index * width;
    return { from, to: from + width, count: 0 };
  });
  for (const [value, count] of sorted) {
    const bin = bins[Math.min(number - 1, Math.max(0, Math.floor((value - start) / width)))];
    if (bin !== undefined) bin.count += count;
  }
  return bins;
}

/** 1, 2 or 5 times a power of ten, at least `width`. */
function niceWidth(width: number): number {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(width)));
  return power * ([1, 2, 5].find((step) => step * power >= width) ?? 10);
}

function round(value: number): number {
  const step = 2 ** Math.max(0, Math.floor(Math.log2(Math.max(1, value))) + 1 - EXACT_BITS);
  return Math.floor(value / step) * step;
}

function addCount({ counts }: Distribution, value: number, count: number): void {
  counts.set(value, (counts.get(value) ?? 0) + count);
}
