import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { rougeL, splitSentences } from "./rouge-l.js";

const score = (predicted: string, reference: string) =>
  rougeL(splitSentences(predicted), splitSentences(reference))?.f;

describe("splitSentences", () => {
  it.each([
    ["a b. c", [["a", "b"], ["c"]]],
    ["", []],
    ["...", []],
    [". .", [[""]]],
    ["3.14", [["3"], ["14"]]],
    ["\u00a0a\u2003b\u001cc\u0085", [["a", "b", "c"]]],
    ["\ufeffa\u200bb", [["\ufeffa\u200bb"]]],
  ])("splits %j", (text, sentences) => {
    expect(splitSentences(text)).toEqual(sentences);
  });
});

describe("rougeL", () => {
  // Figures of the Python package `rouge` 1.0.1, rouge-l.
  it.each([
    ["The weather is sunny today. It is 20 C.", "The weather is sunny. It is 20 C.", 0.9333333283555556],
    ["a b c d", "a c b d", 0.749999995],
    ["a b. c d", "c d. a b", 0.999999995],
    ["the the the cat", "the cat", 0.999999995],
    ["x y", "a b", 0],
    ["A b", "a b", 0.4999999950000001],
    [" ", " ", 0.999999995],
    ["none", "the answer", 0],
    ["b a b a", "a b b a c", 0.7999999952000001],
  ])("gives %j for %j", (predicted, reference, f) => {
    expect(score(predicted, reference)).toBeCloseTo(f, 12);
  });

  it("is 0 where a side says nothing", () => {
    expect([score("", "a"), score("a", "..."), score("", "")]).toEqual([0, 0, 0]);
  });

  it("says nothing of texts that are too long to compare", () => {
    const long = "word ".repeat(9000);
    expect(rougeL(splitSentences(long), splitSentences(long))).toBeNull();
  });

  it("lies in 0 to 1, is 1 for the same text, and does not care for white space", () => {
    const words = fc.array(fc.constantFrom("a", "b", "c", "d.", "e", "."), { maxLength: 25 });
    fc.assert(
      fc.property(words, words, (predicted, reference) => {
        const f = score(predicted.join(" "), reference.join(" ")) ?? -1;
        expect(f).toBeGreaterThanOrEqual(0);
        expect(f).toBeLessThanOrEqual(1);
        expect(score(predicted.join("\t\n"), reference.join("  "))).toBe(f);
        if (splitSentences(reference.join(" ")).length > 0) {
          expect(score(reference.join(" "), reference.join(" "))).toBeCloseTo(1, 7);
        }
      }),
    );
  });
});
