import { genericNames, syllables } from "../world/names.mjs";
import { endOfTurn, name, value, word } from "./words.mjs";

/** @typedef {import("./words.mjs").Random} Random */

/** Which syllables may stand after one, such that no two neighbours are a name of the world. */
const successors = new Map(
  syllables.map((first) => [first, syllables.filter((second) => genericNames.includes(first + second))]),
);

/**
 * Spans of random words, some of which come again: whoever has read a beginning can tell the rest. Joined ones
 * are syllables written together, the barest form of copying, from which it is learnt soonest.
 * @param {Random} random
 */
export function createSpans(random, isJoined = random.chance(0.5)) {
  const separator = isJoined ? "" : " ";
  const spans = Array.from({ length: random.integer(2, 5) }, () =>
    isJoined ? joinedSyllables(random) : mixedWords(random),
  );
  const write = (/** @type {string[]} */ span) => ` ${span.join(separator)}${endOfTurn}`;
  const repeated = Array.from({ length: random.integer(3, 6) }, () => {
    const span = random.pick(spans);
    const start = random.integer(0, span.length - 2);
    const rest = span.slice(start + 1).join(separator);
    return [
      { text: ` ${span[start]}`, train: false },
      { text: `${separator}${rest}${endOfTurn}`, train: true },
    ];
  });
  return [...spans.map((span) => ({ text: write(span), train: false })), ...repeated.flat()];
}

/** @param {Random} random */
function joinedSyllables(random) {
  const span = [random.pick(syllables)];
  const length = random.integer(4, 12);
  while (span.length < length) span.push(random.pick(successors.get(span.at(-1) ?? "") ?? []));
  return span;
}

/** @param {Random} random */
const mixedWords = (random) => Array.from({ length: random.integer(3, 10) }, () => mixedWord(random));

/** @param {Random} random */
function mixedWord(random) {
  const share = random.integer(0, 9);
  if (share < 4) return word(random);
  if (share < 6) return name(random);
  if (share < 8) return random.pick(syllables);
  return String(value(random));
}
