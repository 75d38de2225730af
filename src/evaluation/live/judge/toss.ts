import { sha256 } from "../../../core/ids.js";

/** A coin that falls the same way each time for the same occasion and seed. */
export function toss(seed: number, ...occasion: (string | number)[]): boolean {
  return Number.parseInt(sha256([seed, ...occasion]).slice(0, 8), 16) % 2 === 0;
}
