import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { limitText, removeControls } from "./limit-text.js";

describe("removeControls", () => {
  it.each([
    ["a\u0000b\u0007c\u009bd", "abcd"],
    ["\u001b[31mred\u001b[0m \u001b]8;;http://x\u0007link\u001b]8;;\u0007", "red link"],
    ["a\r\nb\rc\u2028d\u0085e", "a\nb\nc\nd\ne"],
    ["\ufeffa\u202eb\u200bc\u00add\u{e0041}\u{e0042}", "abcd"],
    ["a\tb\nc", "a\tb\nc"],
    ["👩‍🚀 नमस्ते क्‍ष 你好 é", "👩‍🚀 नमस्ते क्‍ष 你好 é"],
  ])("makes %j into %j", (text, expected) => {
    expect(removeControls(text)).toBe(expected);
  });
});

describe("limitText", () => {
  it("leaves a short text alone", () => {
    expect(limitText("a".repeat(100), 100)).toBe("a".repeat(100));
  });

  it("says how long the text was", () => {
    expect(limitText("a".repeat(5000), 100)).toBe(`${"a".repeat(70)}\n(cut: 5000 characters in all)`);
  });

  it("never cuts through a character, nor exceeds the limit", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", minLength: 40, maxLength: 300 }),
        fc.nat(200),
        (text, limit) => {
          const cut = limitText(text, limit);
          expect(cut.length).toBeLessThanOrEqual(limit);
          expect(cut).not.toMatch(/\p{Surrogate}/u);
        },
      ),
    );
  });
});
