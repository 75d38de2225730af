import type { MinHash } from "bloom-filters";
import { wordsOf } from "./words.js";

/** So many bytes has a signature: one of each hash function's minimum. */
export const SIGNATURE_BYTES = 128;

/** Signs a text by its sequences of `width` words; a text of fewer words is one sequence. Null for a text without words. */
export type SignText = (text: string, width: number) => Uint8Array | null;

/** The largest prime below 2^26: products of two numbers below it are exact. */
const PRIME = 67_108_859;

/** Fixed, so that signatures agree in every thread and on every machine. */
const HASH_FUNCTIONS: MinHash["_hashFunctions"] = Array.from({ length: SIGNATURE_BYTES }, (_, index) => ({
  a: 1 + (scramble(2 * index) % (PRIME - 1)),
  b: scramble(2 * index + 1) % PRIME,
  c: PRIME,
}));

/** Loads the library that it needs. */
export async function createSignText(): Promise<SignText> {
  const { MinHash } = (await import("bloom-filters")).default;
  return (text, width) => {
    const sequences = sequencesOf(wordsOf(text), width);
    if (sequences.size === 0) return null;
    const minima = new MinHash(SIGNATURE_BYTES, HASH_FUNCTIONS);
    for (const sequence of sequences) minima.add(sequence);
    return Uint8Array.from(minima._signature, (minimum) => minimum & 0xff);
  };
}

/** How alike two signed texts are, from 0 to 1: an estimate, two in three times right within 0.035. */
export function similarity(one: Uint8Array, other: Uint8Array): number {
  let equal = 0;
  for (let at = 0; at < SIGNATURE_BYTES; at += 1) if (one[at] === other[at]) equal += 1;
  // One of 256 minima that differ has the same last byte.
  const byChance = 1 / 256;
  return (equal / SIGNATURE_BYTES - byChance) / (1 - byChance);
}

/** A number below PRIME for each sequence. */
function sequencesOf(words: string[], width: number): Set<number> {
  const hashes = words.map(hashWord);
  const sequences = new Set<number>();
  for (let start = 0; start === 0 || start + width <= hashes.length; start += 1) {
    if (start >= hashes.length) break;
    let sequence = 0;
    for (const hash of hashes.slice(start, start + width)) sequence = scramble(sequence ^ hash);
    sequences.add(sequence % PRIME);
  }
  return sequences;
}

/** FNV-1a over the code units. */
function hashWord(word: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < word.length; at += 1) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193);
  return hash;
}

/** Every bit of the 32 depends on all bits of the number (the last step of MurmurHash3). */
function scramble(number: number): number {
  let mixed = (number + 0x9e3779b9) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
