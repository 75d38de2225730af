import type { ExactJson, ExactObject } from "./exact-json.js";

/**
 * F1 of a call's arguments as α-UMi defines it: an argument with the recorded value counts 1, with another value 0.5,
 * one that was not recorded or is missing 0. Where none was recorded none must be given.
 */
export function argumentF1(
  recorded: ExactObject,
  predicted: ExactObject,
  isEqual: (a: ExactJson, b: ExactJson) => boolean,
): number {
  const keys = Object.keys(recorded);
  const given = Object.keys(predicted).length;
  if (keys.length === 0) return given === 0 ? 1 : 0;
  let matched = 0;
  for (const key of keys) {
    if (!Object.hasOwn(predicted, key)) continue;
    matched += isEqual(predicted[key] as ExactJson, recorded[key] as ExactJson) ? 1 : 0.5;
  }
  if (matched === 0) return 0;
  const recall = matched / keys.length;
  const precision = matched / given;
  return (2 * recall * precision) / (recall + precision);
}
