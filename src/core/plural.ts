/** `1 row`, `2 rows`, `2 trajectories`. `shown` is the count in other figures: `2,000 rows`. */
export function plural(count: number, noun: string, shown = String(count)): string {
  if (count === 1) return `${shown} ${noun}`;
  return `${shown} ${/[^aeiou]y$/.test(noun) ? `${noun.slice(0, -1)}ies` : `${noun}s`}`;
}
