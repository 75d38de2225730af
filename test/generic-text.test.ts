import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import { Example } from "../src/core/example.js";
import { Profile } from "../src/core/profile.js";
import { packageRoot } from "./shared-data.js";

/** The generator is plain JavaScript outside `src`, so its types are not known here. */
async function importData(path: string) {
  return import(pathToFileURL(join(packageRoot, "data", path)).href);
}

const { createGenericRows } = await importData("generic/generic-text.mjs");
const { tools } = await importData("world/tools.mjs");
const { seenNames, unseenNames } = await importData("world/names.mjs");
const { phrases } = await importData("world/phrases.mjs");
const { trainedIntents, heldOutIntents } = await importData("world/intents.mjs");
const profile = Profile.parse(
  parse(readFileSync(join(packageRoot, "configs", "prompts", "thread.yaml"), "utf8")),
);

const rows = [...createGenericRows(4000, "test")].map((row) => Example.parse(row));
const text = rows.map((row) => row.segments.map((segment) => segment.text).join("")).join("\n");

/** The parts of templates between their slots, without the blanks around them. */
const fixedParts = (templates: string[]): string[] =>
  templates
    .flatMap((template) => template.split(/\{\w+\}/))
    .map((part) => part.trim())
    .filter((part) => /[a-z]{4}/i.test(part));

const lowerText = text.toLowerCase();
/** Which of the parts occur, as whole words. */
function found(parts: string[]): string[] {
  const toPattern = (part: string) => part.toLowerCase().replace(/[^a-z ]/g, "\\$&");
  return parts.filter((part) => {
    const isWord = (letter: string | undefined) => /[a-z]/i.test(letter ?? "");
    const start = isWord(part.at(0)) ? "(?<![a-z])" : "";
    const end = isWord(part.at(-1)) ? "(?![a-z])" : "";
    return new RegExp(start + toPattern(part) + end).test(lowerText);
  });
}

describe("generic text", () => {
  it("holds no name of the sample world", () => {
    // The lookahead finds names inside longer ones too.
    const pairs = new Set(
      Array.from(text.matchAll(/(?=([A-Z][a-z]{2}[A-Z][a-z]{2}))/g), (match) => match[1]),
    );
    expect(pairs.size).toBeGreaterThan(1000);
    expect([...seenNames, ...unseenNames].filter((name) => pairs.has(name))).toEqual([]);
  });

  it("holds no tool of the sample world", () => {
    expect(found(tools.map(({ name }: { name: string }) => name))).toEqual([]);
    expect(found(tools.map(({ description }: { description: string }) => description))).toEqual([]);
  });

  it("holds no question, thought or answer of the sample world", () => {
    const intents: { questions: string[] }[] = [...Object.values(trainedIntents).flat(), ...heldOutIntents];
    expect(found(fixedParts(intents.flatMap(({ questions }) => questions)))).toEqual([]);
    const spoken = Object.values<{ need: string; told: string }>(phrases);
    expect(found(fixedParts(spoken.flatMap(({ need, told }) => [need, told])))).toEqual([]);
  });

  it("holds no marker, decision or header of the thread profile", () => {
    const { turns } = profile;
    expect(found(Object.values(turns).map(({ marker }) => marker))).toEqual([]);
    expect(found(Object.values(turns.planner.decisions))).toEqual([]);
    expect(
      found(
        (profile.kind === "thread" ? profile.header : "").split(/[.\n]/).filter((part) => part.length > 6),
      ),
    ).toEqual([]);
  });

  it("takes the loss on whole turns that follow a marker or the end of a turn", () => {
    for (const { segments } of rows) {
      expect(segments.some(({ train }) => train)).toBe(true);
      for (const [index, segment] of segments.entries()) {
        if (segment.train) expect(segment.text).toMatch(/^ ?\S.*<\|end\|>$/s);
        if (index > 0) expect(segments[index - 1]?.train).toBe(!segment.train);
      }
    }
  });

  it("is the same for the same seed, whatever is asked for", () => {
    expect([...createGenericRows(20, "test")]).toEqual(rows.slice(0, 20));
    expect([...createGenericRows(1, "other")]).not.toEqual(rows.slice(0, 1));
  });
});
