import type { DistributionSummary } from "../../data/describe/distribution.js";

const BLOCKS = "▁▂▃▄▅▆▇█";

/** At most so many characters, each for one bin or for several neighbours, as high as they are full; a blank for none. */
export function drawHistogram({ bins }: DistributionSummary, columns: number): string {
  const together = Math.ceil(bins.length / columns);
  const counts = Array.from({ length: Math.ceil(bins.length / together) }, (_, bar) =>
    bins.slice(bar * together, (bar + 1) * together).reduce((sum, { count }) => sum + count, 0),
  );
  const most = Math.max(...counts);
  return counts.map((count) => (count === 0 ? " " : BLOCKS[Math.ceil((8 * count) / most) - 1])).join("");
}
