import { findWorldMention } from "../world/mentions-world.mjs";
import { createRandom } from "../world/random.mjs";
import { createDialogue, dialogueMarkers } from "./dialogues.mjs";
import { createRecords, recordMarkers } from "./records.mjs";
import { createSpans } from "./spans.mjs";

/** @typedef {import("./words.mjs").Segment} Segment */

/** The texts that open turns. */
export const genericMarkers = [...new Set([...recordMarkers, ...dialogueMarkers])];

/** @typedef {(random: import("./words.mjs").Random) => Segment[]} CreateSegments */

/** A quarter records, half dialogues, a quarter spans. @type {CreateSegments} */
export function mixed(random) {
  const share = random.integer(0, 99);
  if (share < 25) return createRecords(random);
  return share < 74 ? createDialogue(random) : createSpans(random);
}

/** Nothing but copying. @type {CreateSegments} */
export const joinedSpans = (random) => createSpans(random, true);

/**
 * Rows of text about nothing, from which a model learns to read and to copy. They hold no name and no word
 * of the sample world. Each depends on the seed and its number alone.
 * @param {number} count
 * @param {string} seed
 * @param {CreateSegments} createSegments
 */
export function* createGenericRows(count, seed, createSegments = mixed) {
  for (let number = 0, found = 0; found < count; number++) {
    const segments = createSegments(createRandom(`generic/${seed}/${number}`));
    if (segments.some(({ text }) => findWorldMention(text) !== null)) continue;
    found += 1;
    const id = `generic-${number}`;
    yield { id, trajectory: id, segments: mergeUntrained(segments) };
  }
}

/** Rows keep neighbouring untrained texts as one segment. @param {Segment[]} segments */
function mergeUntrained(segments) {
  /** @type {Segment[]} */
  const merged = [];
  for (const segment of segments) {
    const last = merged.at(-1);
    if (last && !last.train && !segment.train) last.text += segment.text;
    else merged.push({ ...segment });
  }
  return merged;
}
