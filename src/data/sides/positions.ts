import { hashKey, hashPosition } from "./hash-position.js";
import type { Traits } from "./side.js";

/** Gives each instruction its position between 0 and 1 for one share. */
export type Positions = (traits: Traits) => number;

/** By a hash alone: neither the order nor other trajectories matter. `salt` tells shares of one seed apart. */
export function hashPositions(seed: number, salt: string): Positions {
  return ({ instruction }) => hashPosition(`${seed}\0${salt}${instruction}`);
}

/** The golden ratio's fraction: its multiples lie evenly between 0 and 1, however many there are. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * Spreads the instructions of each first tool evenly, in the order in which they come; the seed decides where each
 * tool begins. Keeps 48 bits of each instruction.
 */
export function stratifiedPositions(seed: number, salt: string): Positions {
  const given = new Map<number, number>();
  const counts = new Map<string, number>();
  return ({ instruction, firstTool }) => {
    const key = hashKey(instruction);
    const earlier = given.get(key);
    if (earlier !== undefined) return earlier;
    const before = counts.get(firstTool) ?? 0;
    counts.set(firstTool, before + 1);
    const at = (hashPosition(`${seed}\0${salt}stratum\0${firstTool}`) + before * GOLDEN) % 1;
    given.set(key, at);
    return at;
  };
}
