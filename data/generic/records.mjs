import { link, name, sentence, turn, value, words } from "./words.mjs";

/** @typedef {import("./words.mjs").Random} Random */
/** @typedef {Record<string, string | number>} Fields */

export const recordMarkers = ["note:", "text:", "q:", "a:"];

/**
 * Records as JSON or as sentences, then questions whose answers are copied out of them.
 * @param {Random} random
 */
export function createRecords(random) {
  const keys = words(random, random.integer(2, 4));
  const records = createFields(random, keys);
  const known = [...records].flatMap(([subject, fields]) =>
    random.chance(0.6)
      ? turn("note:", JSON.stringify({ id: subject, ...fields }), false)
      : turn("text:", sentence(random, [subject, ...Object.entries(fields).flat()]), false),
  );
  const asked = Array.from({ length: random.integer(3, 6) }, () => {
    const { question, answer } = ask(random, records);
    return [...turn("q:", sentence(random, question), false), ...turn("a:", answer, true)];
  });
  return [...known, ...asked.flat()];
}

/** @param {Random} random @param {string[]} keys @returns {Map<string, Fields>} */
function createFields(random, keys) {
  const subjects = new Set(Array.from({ length: random.integer(2, 5) }, () => name(random)));
  return new Map(
    [...subjects].map((subject) => {
      const own = random.sample(keys, Math.max(1, keys.length - random.integer(0, 1)));
      return [subject, Object.fromEntries(own.map((key) => [key, value(random)]))];
    }),
  );
}

/** @param {Random} random @param {Map<string, Fields>} records */
function ask(random, records) {
  const subject = random.pick([...records.keys()]);
  const fields = records.get(subject) ?? {};
  const key = random.pick(Object.keys(fields));
  const held = fields[key];
  const inWords = (/** @type {Fields} */ some) => Object.entries(some).flat().join(" ");
  const holders = [...records]
    .filter(([, some]) => key in some)
    .map(([other, some]) => `${other} ${some[key]}`);
  return random.pick([
    { question: [key, link(random), subject], answer: String(held) },
    { question: ["say", key, link(random), subject], answer: `${subject} has ${key} ${held}.` },
    { question: [subject, key], answer: `${key} ${subject} = ${held}` },
    { question: ["json", key, subject], answer: JSON.stringify({ id: subject, [key]: held }) },
    { question: ["all", subject], answer: `${subject}: ${inWords(fields)}` },
    { question: ["record", subject], answer: JSON.stringify({ id: subject, ...fields }) },
    { question: ["each", key], answer: holders.join(", ") },
    { question: ["who", key, held], answer: `${subject} (${key} ${held})` },
  ]);
}
