import { findWorldMention } from "../world/mentions-world.mjs";
import { genericNames, syllables } from "../world/names.mjs";

/** @typedef {import("../world/random.mjs").Random} Random */
/** @typedef {{text: string, train: boolean}} Segment */

export const endOfTurn = "<|end|>";

const nouns =
  `apple bridge candle dragon engine forest garden hammer island jacket kettle lantern mirror needle orange
pepper saddle table umbrella valley window basket circle desert eagle feather glass honey jungle lemon
marble ocean pearl queen rope silver tower velvet wheel branch copper depth edge frame grade index kind
layer mass node pitch rank scale tone unit volume width zone color shape size speed score level state mode
label source owner parent group limit mark station ticket ladder pocket button planet harbor barrel blanket
carpet crystal dinner fabric flame flower gravel guitar`
    .split(/\s+/)
    .filter((word) => findWorldMention(word) === null);

const fillers = "so then please also maybe now just here again today once well kindly quickly".split(" ");
const links = "of for at by on near under about".split(" ");

/** A word that can be written in lower case: an English one, or one made up of syllables or letters. @param {Random} random */
export function word(random) {
  const share = random.integer(0, 9);
  if (share < 6) return random.pick(nouns);
  const parts = Array.from({ length: random.integer(1, 3) }, () =>
    share < 8 ? random.pick(syllables).toLowerCase() : letters(random),
  );
  const made = parts.join("");
  return findWorldMention(made) === null ? made : random.pick(nouns);
}

/** @param {Random} random */
function letters(random) {
  const consonant = () => random.pick("bcdfghklmnprstvwy".split(""));
  return consonant() + random.pick("aeiou".split("")) + (random.chance(0.5) ? consonant() : "");
}

/** Different words. @param {Random} random @param {number} count */
export function words(random, count) {
  const found = new Set();
  while (found.size < count) found.add(word(random));
  return [...found];
}

/** @param {Random} random */
export const name = (random) => random.pick(genericNames);

/** @param {Random} random */
export const smallNumber = (random) => random.integer(2, 99);

/** What a field may hold. @param {Random} random @returns {string | number} */
export function value(random) {
  const share = random.integer(0, 99);
  if (share < 45) return name(random);
  if (share < 75) return smallNumber(random);
  if (share < 80) return random.integer(100, 9999);
  if (share < 86) return `${twoDigits(random, 23)}:${twoDigits(random, 59)}`;
  if (share < 91) return random.pick("ABCDEFGHKMXZ".split("")) + random.integer(10, 99);
  return capitalize(word(random));
}

/** @param {Random} random @param {number} most */
const twoDigits = (random, most) => String(random.integer(0, most)).padStart(2, "0");

/** @param {string} text */
export const capitalize = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** @param {Random} random */
export const link = (random) => random.pick(links);

/** The parts in order, with filler words strewn in. @param {Random} random @param {readonly (string | number)[]} parts */
export function sentence(random, parts) {
  const strewn = parts.flatMap((part) => [...random.sample(fillers, pickFillerCount(random)), String(part)]);
  return capitalize(strewn.join(" ")) + random.pick([".", "?", "!", ""]);
}

/** @param {Random} random */
const pickFillerCount = (random) => random.pick([0, 0, 0, 1, 1, 2]);

/** A turn as rows write it: its marker, a blank, its text, the end. @param {string} marker @param {string} text @param {boolean} train @returns {Segment[]} */
export const turn = (marker, text, train) => [
  { text: marker, train: false },
  { text: ` ${text}${endOfTurn}`, train },
];
