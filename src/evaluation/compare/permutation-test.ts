import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { add } from "../cluster-totals.js";
import type { PairedTotals } from "./bootstrap-differences.js";

/** Up to this many clusters all exchanges are tried: fewer than are drawn otherwise. */
const EXACT_CLUSTERS = 13;

/**
 * Two-sided p of mean(B) − mean(A): if nobody could tell A from B, each cluster's two sides might as well stand the
 * other way round. p is the share of such exchanges that give a difference at least as large. Exact for few clusters;
 * else of seeded draws, the one that was seen counted among them, so that it is never 0.
 */
export function permutationTest(
  totals: PairedTotals,
  { seed, permutations }: { seed: number; permutations: number },
): number {
  const flips = informativeClusters(totals);
  const clusters = flips.sums.length;
  if (clusters === 0) return 1;
  const isAsLarge = createStatistic(totals, flips);
  if (clusters <= EXACT_CLUSTERS) {
    const exchanges = 2 ** clusters;
    return countWhere(exchanges, (exchange) => isAsLarge([exchange])) / exchanges;
  }
  const random = xoroshiro128plus(seed);
  const bits = new Int32Array(Math.ceil(clusters / 32));
  const hits = countWhere(permutations, () => isAsLarge(bits.map(() => random.next())));
  return (hits + 1) / (permutations + 1);
}

function countWhere(times: number, test: (i: number) => boolean): number {
  let count = 0;
  for (let i = 0; i < times; i++) if (test(i)) count++;
  return count;
}

/** What an exchange adds to A's side and takes from B's, of clusters where that is something. */
function informativeClusters({ a, b }: PairedTotals) {
  const isSame = (place: number) => a.sums[place] === b.sums[place] && a.counts[place] === b.counts[place];
  const places = [...a.sums.keys()].filter((place) => !isSame(place));
  const change = (from: Float64Array, to: Float64Array) =>
    Float64Array.from(places, (place) => (to[place] as number) - (from[place] as number));
  return { sums: change(a.sums, b.sums), counts: change(a.counts, b.counts) };
}

/** Differences that rounding alone tells apart are equal. */
const ROUNDING = 1e-12;

/** Whether an exchange gives a difference at least as large as the one seen; a bit for each cluster, 32 a number. */
function createStatistic(
  { a, b }: PairedTotals,
  flips: { sums: Float64Array; counts: Float64Array },
): (exchange: ArrayLike<number>) => boolean {
  const [totalA, ofA, totalB, ofB] = [add(a.sums), add(a.counts), add(b.sums), add(b.counts)];
  const seen = Math.abs(totalB / ofB - totalA / ofA);
  return (exchange) => {
    let [sum, count] = [0, 0];
    for (let i = 0; i < flips.sums.length; i++) {
      // Multiplied instead of asked: a branch that goes either way at random takes several times as long.
      const bit = ((exchange[i >>> 5] as number) >>> (i & 31)) & 1;
      sum += bit * (flips.sums[i] as number);
      count += bit * (flips.counts[i] as number);
    }
    const difference = (totalB - sum) / (ofB - count) - (totalA + sum) / (ofA + count);
    // Not a number where one side is left without a score: counts against significance.
    return !(Math.abs(difference) < seen - ROUNDING);
  };
}
