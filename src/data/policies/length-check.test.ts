import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { packageRoot } from "../../../test/shared-data.js";
import type { Thread } from "../../prompts/render-thread.js";
import type { SubsetExamples } from "../../prompts/subset-examples.js";
import { openTokenizer } from "../../tokens/open-tokenizer.js";
import { createLengthCheck } from "./length-check.js";

const folder = join(packageRoot, "data/tiny");
const tokenizer = { name: "tokenizer.json", sha256: "", path: join(folder, "tokenizer.json") };
const thread = (...texts: string[]) => ({ pieces: texts.map((text) => ({ text })) }) as unknown as Thread;

describe("createLengthCheck", () => {
  it("counts characters without a tokenizer", () => {
    const { isThreadTooLong } = createLengthCheck({ most: 10, tokenizer: null }, "<|end|>");
    expect(isThreadTooLong(thread("12345", "67890"))).toBe(false);
    expect(isThreadTooLong(thread("12345", "678901"))).toBe(true);
  });

  it("counts tokens, and a turn's end as one of them", () => {
    const { count, startTokens } = openTokenizer(folder);
    const turns = ["What is the weather in Lisbon?", " I have to look it up.", " It is sunny in Lisbon."];
    const tokens = startTokens + turns.reduce((sum, turn) => sum + count(turn) + 1, 0);
    const text = turns.map((turn) => `${turn}<|end|>`);
    const check = (most: number) => createLengthCheck({ most, tokenizer }, "<|end|>");
    expect(check(tokens).isThreadTooLong(thread(...text))).toBe(false);
    expect(check(tokens - 1).isThreadTooLong(thread(...text))).toBe(true);
  });

  it("leaves out only those rows of steps that are too long", () => {
    const row = (text: string) => ({ id: "", trajectory: "", segments: [{ text, train: true }] });
    const given: SubsetExamples = { examples: [row("short"), row("far too long")], leftOut: ["no_answer"] };
    const examples = { backbone: given, planner: given, caller: given, summarizer: given };
    const { dropTooLong } = createLengthCheck({ most: 10, tokenizer: null }, "<|end|>");
    expect(dropTooLong(examples).caller).toEqual({
      examples: [row("short")],
      leftOut: ["no_answer", "too_long"],
    });
  });
});
