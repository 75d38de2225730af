import { seenNames, unseenNames } from "./names.mjs";
import { hash } from "./random.mjs";

/** @typedef {Record<string, string | number>} Values */
/**
 * @typedef {object} Tool
 * @property {string} name
 * @property {string} description
 * @property {{type: "object", properties: Record<string, {type: string}>, required: string[]}} parameters
 * @property {{readOnlyHint: true}} annotations
 * @property {(args: Record<string, unknown>) => Values} execute Never throws: what goes wrong is told as `{error}`.
 */
/**
 * @typedef {object} Definition
 * @property {string} name
 * @property {string} description
 * @property {Record<string, "string" | "integer">} properties All are required.
 * @property {(random: number, subject: string) => Values} result From a hash of the call and the first argument.
 * @property {(values: unknown[]) => boolean} [knows] Whether there is something to be found; a name the world knows where it is not given.
 */

/** Which tool stands in when one times out. @type {Record<string, string>} */
export const backups = { get_weather: "backup_weather", share_price: "backup_share" };

const seen = new Set(seenNames);
const unseen = new Set(unseenNames);

/**
 * A tool whose results are hashes of its arguments: a model can copy them from an observation, never remember them.
 * @param {Definition} definition
 * @returns {Tool}
 */
export function defineTool({ name, description, properties, result, knows = knowsName }) {
  const required = Object.keys(properties);
  const types = Object.entries(properties).map(([key, type]) => [key, { type }]);
  // A backup answers what the tool it stands in for would have answered.
  const source = Object.keys(backups).find((key) => backups[key] === name) ?? name;
  return {
    name,
    description,
    parameters: { type: "object", properties: Object.fromEntries(types), required },
    annotations: { readOnlyHint: true },
    execute(args) {
      if (!isValid(args, properties)) return { error: "bad input" };
      const values = required.map((key) => args[key]);
      if (!knows(values) || isLost(source, values)) return { error: "not found" };
      if (name in backups && isSlow(name, values)) return { error: "timeout" };
      return result(hash("result", source, ...values), String(values[0]));
    },
  };
}

/** @param {Record<string, unknown>} args @param {Definition["properties"]} properties */
function isValid(args, properties) {
  if (typeof args !== "object" || args === null) return false;
  const entries = Object.entries(properties);
  if (Object.keys(args).length !== entries.length) return false;
  return entries.every(([key, type]) =>
    type === "integer" ? Number.isInteger(args[key]) : typeof args[key] === "string" && args[key] !== "",
  );
}

/** @param {unknown[]} values */
const knowsName = ([subject]) => seen.has(String(subject)) || unseen.has(String(subject));

/** @param {string} tool @param {unknown[]} values */
const isLost = (tool, values) => hash("found", tool, ...values) % 100 < 4;

/** @param {string} tool @param {unknown[]} values */
const isSlow = (tool, values) => hash("timeout", tool, ...values) % 100 < 25;

/** Two digits, because a small model copies longer numbers badly. @param {number} random */
export const toNumber = (random) => 10 + (random % 90);

/** Unseen names lead to unseen names. @param {number} random @param {string} subject */
export function toName(random, subject) {
  const names = unseen.has(subject) ? unseenNames : seenNames;
  return /** @type {string} */ (names[random % names.length]);
}

/** @param {number} random */
export function toClock(random) {
  const [hour, minute] = [random % 24, (random >>> 8) % 60];
  return `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
}
