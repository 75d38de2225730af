import { type Document, isMap, isScalar, type LineCounter, type Node } from "yaml";
import type { z } from "zod";
import { Recipe } from "../core/recipe.js";
import { findContradictions } from "./find-contradictions.js";
import { nearestKey } from "./nearest-key.js";
import { knownKeys } from "./schema-keys.js";

/** One thing wrong with a recipe, with what a person needs to mend it. */
export interface Mistake {
  line: number | null;
  key: string;
  expected: string;
  found: string;
  nearest: string | undefined;
}

/** What the schema found, in the words and at the lines of the file. */
export function explainIssue(issue: z.core.$ZodIssue, document: Document, lines: LineCounter): Mistake[] {
  const keys = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(Recipe, keys);
    return issue.keys.map((key) => {
      const nearest = nearestKey(key, known);
      const expected = nearest === undefined ? `one of ${known.join(", ")}` : "a known key";
      const found = `the unknown key ${key}`;
      return {
        line: lineOf(document, lines, [...keys, key]),
        key: [...keys, key].join("."),
        expected,
        found,
        nearest,
      };
    });
  }
  const value: unknown = document.getIn(keys);
  return [
    {
      line: lineOf(document, lines, keys),
      key: keys.join(".") || "(recipe)",
      expected: expectation(issue),
      found: value === undefined ? "nothing" : `${JSON.stringify(value)} (${kindOf(value)})`,
      nearest:
        issue.code === "invalid_value" && typeof value === "string"
          ? nearestKey(value, issue.values.map(String))
          : undefined,
    },
  ];
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.expected === "int" ? "an integer" : `a ${issue.expected}`;
    case "invalid_value":
      return `one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
      return `${issue.inclusive ? "at least" : "more than"} ${issue.minimum}`;
    case "too_big":
      return `${issue.inclusive ? "at most" : "less than"} ${issue.maximum}`;
    default:
      return issue.message;
  }
}

/** What no single key shows; looked at in the raw document, so that it is said beside every other mistake. */
export function checkConsistency(document: Document, lines: LineCounter): Mistake[] {
  return findContradictions(document).map(({ at, key, expected, found }) => {
    const line = lineOf(document, lines, at);
    return { line, key: key ?? at.join("."), expected, found, nearest: undefined };
  });
}

function lineOf(document: Document, lines: LineCounter, keys: string[]): number | null {
  for (let length = keys.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(keys.slice(0, length - 1), true);
    if (!isMap(parent)) continue;
    const pair = parent.items.find(
      (item) => isScalar(item.key) && String(item.key.value) === keys[length - 1],
    );
    const start = (pair?.key as Node | undefined)?.range?.[0];
    if (start !== undefined) return lines.linePos(start).line;
  }
  return null;
}

export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "list";
  return typeof value === "object" ? "map" : typeof value;
}
