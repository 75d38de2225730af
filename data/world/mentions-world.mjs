import { heldOutIntents, trainedIntents } from "./intents.mjs";
import { seenNames, unseenNames } from "./names.mjs";
import { phrases } from "./phrases.mjs";
import { currencies, languages, skies, tools } from "./tools.mjs";

const sentences = [
  ...Object.values(phrases).flatMap(({ need, told }) => [need, told]),
  ...[...Object.values(trainedIntents).flat(), ...heldOutIntents].flatMap(({ questions }) => questions),
  ...tools.flatMap(({ name, description, parameters }) => [
    name,
    description,
    ...Object.keys(parameters.properties),
  ]),
];

/** Short words ("in", "of", "is") belong to everybody, and "name" to every description of a tool. */
const isShared = (/** @type {string} */ word) => word.length <= 3 || word === "name";

/** The words of the world's tools, questions and answers, in lower case. */
export const worldWords = new Set([
  ...sentences
    .flatMap((sentence) => sentence.toLowerCase().match(/[a-z]+/g) ?? [])
    .filter((word) => !isShared(word)),
  ...[...currencies, ...languages, ...skies].map((word) => word.toLowerCase()),
]);

const worldNames = new Set([...seenNames, ...unseenNames]);

/**
 * The first name or word of the world in a text, or null. Names are found inside longer ones too.
 * @param {string} text
 */
export function findWorldMention(text) {
  const capitalized = text.match(/[A-Z][a-z]*/g) ?? [];
  for (let index = 1; index < capitalized.length; index++) {
    const pair = `${capitalized[index - 1]}${capitalized[index]}`;
    if (worldNames.has(pair) && text.includes(pair)) return pair;
  }
  const words = text.toLowerCase().match(/[a-z]+/g) ?? [];
  return words.find((word) => worldWords.has(word)) ?? null;
}
