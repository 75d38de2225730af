/** How often each of some reasons came. */
export type Counts = Record<string, number>;

export function count(counts: Counts, reason: string, by = 1): void {
  counts[reason] = (counts[reason] ?? 0) + by;
}

export function addCounts(counts: Counts, more: Counts = {}): void {
  for (const [reason, by] of Object.entries(more)) count(counts, reason, by);
}

export function sum(counts: Readonly<Record<string, number | undefined>>): number {
  return Object.values(counts).reduce<number>((total, each) => total + (each ?? 0), 0);
}
