import { findWorldMention } from "../world/mentions-world.mjs";
import { createRandom } from "../world/random.mjs";
import { createDialogue, dialogueMarkers } from "./dialogues.mjs";
import { createRecords, recordMarkers } from "./records.mjs";
import { createSpans } from "./spans.mjs";

/** @typedef {import("./words.mjs").Segment} Segment */

/** The texts that open turns. */
export const genericMarkers = [...new Set([...recordMarkers, ...dialogueMarkers])];

/** A third records, about half dialogues, a fifth spans. @param {import("./words.mjs").Random} random */
function createSegments(random) {
  const share = random.integer(0, 99);
  if (share < 30) return createRecords(random);
  return share < 82 ? createDialogue(random) : createSpans(random);
}

/**
 * Rows of text about nothing, from which a model learns to read and to copy. They hold no name and no word
 * of the sample world. Each depends on the seed and its number alone.
 * @param {number} count
 * @param {string} seed
 */
export function* createGenericRows(count, seed) {
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
