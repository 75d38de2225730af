import { hash } from "./random.mjs";

/** Names are pairs of these; capitals let a tokenizer cut a name the same way after a blank and after a quotation mark. */
export const syllables = (
  "Bal Bor Bun Dal Den Dor Dul Fal Fen Fir Gan Gel Gor Gul Jan Jor Kal Ken Kir Kor " +
  "Lan Lem Lir Lum Mal Men Mir Mor Nal Nel Nir Nor Pal Pel Pir Por Ral Ren Rin Rul " +
  "Sal Sel Sin Sor Tal Ten Tir Tor Val Ven Vir Vor Wal Wen Wir Wor Zal Zen Zir Zor"
).split(" ");

/**
 * A hash and not the syllables' order says whose a pair is: any rule that a model could learn from the one
 * half would mislead it in the other.
 */
const pairs = syllables.flatMap((first) =>
  syllables
    .filter((second) => second !== first)
    .map((second) => ({ name: first + second, share: hash("name", first + second) % 200 })),
);

/** @param {number} low @param {number} high */
const namesBetween = (low, high) =>
  pairs.filter(({ share }) => share >= low && share < high).map(({ name }) => name);

/** Known to the tools, and never used in training. */
export const unseenNames = namesBetween(0, 15);
/** Known to the tools, and used in training. */
export const seenNames = namesBetween(15, 100);
/** Belong to generic text; no tool knows them. */
export const genericNames = namesBetween(100, 200);
