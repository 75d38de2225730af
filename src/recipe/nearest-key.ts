import { distance } from "fastest-levenshtein";

/** The known key nearest to a mistyped one, or undefined where none is near. */
export function nearestKey(key: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(key.length * 0.45)) + 1;
  for (const candidate of known) {
    const found = distance(key.toLowerCase(), candidate.toLowerCase());
    if (found < bestDistance) {
      best = candidate;
      bestDistance = found;
    }
  }
  return best;
}
