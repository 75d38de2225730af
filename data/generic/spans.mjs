import { syllables } from "../world/names.mjs";
import { endOfTurn, name, value, word } from "./words.mjs";

/** @typedef {import("./words.mjs").Random} Random */

/**
 * Spans of random words, some of which come again: whoever has read a beginning can tell the rest.
 * @param {Random} random
 */
export function createSpans(random) {
  const spans = Array.from({ length: random.integer(2, 5) }, () =>
    Array.from({ length: random.integer(3, 10) }, () => token(random)),
  );
  const known = spans.map((span) => ({ text: ` ${span.join(" ")}${endOfTurn}`, train: false }));
  const repeated = Array.from({ length: random.integer(3, 6) }, () => {
    const span = random.pick(spans);
    const start = random.integer(0, span.length - 2);
    return [
      { text: ` ${span[start]}`, train: false },
      { text: ` ${span.slice(start + 1).join(" ")}${endOfTurn}`, train: true },
    ];
  });
  return [...known, ...repeated.flat()];
}

/** @param {Random} random */
function token(random) {
  const share = random.integer(0, 9);
  if (share < 4) return word(random);
  if (share < 6) return name(random);
  if (share < 8) return random.pick(syllables);
  return String(value(random));
}
