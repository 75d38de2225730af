import { describe, expect, it } from "@jest/globals";
import { createSignText, SIGNATURE_BYTES, similarity } from "./sign-text.js";
import { NEAR, SignatureIndex } from "./signature-index.js";

const signText = await createSignText();

const signed = (text: string): Uint8Array => {
  const signature = signText(text, 3);
  if (signature === null) throw new Error("a text without words");
  return signature;
};

/** Words that differ from seed to seed. */
const prose = (seed: number, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `w${(seed * 7919 + at * (seed + 31)) % 100_003}`);

/** The same words, with every so many-th replaced. */
const changed = (words: string[], every: number): string =>
  words.map((word, at) => (at % every === every - 1 ? `other${at}` : word)).join(" ");

describe("signText", () => {
  it("signs by words alone, the same every time", async () => {
    const again = await createSignText();
    expect(signed("Book a table, for TWO!")).toEqual(again("book a table for two", 3));
    expect(signed("Book a table")).toHaveLength(SIGNATURE_BYTES);
    expect(signed("café")).toEqual(signed("cafe\u0301"));
  });

  it("has no signature for a text without words, and one for a text of few", () => {
    expect(signText("…!?", 3)).toBeNull();
    expect(similarity(signed("hello"), signed("hello"))).toBe(1);
    expect(similarity(signed("hello"), signed("hullo"))).toBeLessThan(0.1);
  });

  it("takes every character for a word where no blanks are written", () => {
    const one = "请帮我预订一张明天从北京到上海的火车票谢谢你";
    expect(similarity(signed(one), signed(one.replace("明", "后")))).toBeGreaterThan(0.6);
  });

  it("estimates how many sequences two texts share", () => {
    const words = prose(1, 900);
    // Of every 100 sequences of 3 words, one changed word changes 3.
    const shared = (900 - 2 - 27) / (900 - 2 + 27);
    expect(Math.abs(similarity(signed(words.join(" ")), signed(changed(words, 100))) - shared)).toBeLessThan(
      0.12,
    );
    expect(similarity(signed(words.join(" ")), signed(prose(2, 900).join(" ")))).toBeLessThan(0.1);
  });
});

describe("SignatureIndex", () => {
  it("finds what is nearly the same among many that are not", () => {
    const index = new SignatureIndex();
    const texts = Array.from({ length: 200 }, (_, seed) => prose(seed + 1, 60));
    for (const words of texts) {
      const signature = signed(words.join(" "));
      expect(index.hasNear(signature)).toBe(false);
      index.add(signature);
    }
    const found = texts.filter((words) => index.hasNear(signed(changed(words, 59))));
    expect(found.length).toBeGreaterThan(0.9 * texts.length);
    expect(texts.some((words) => index.hasNear(signed(changed(words, 4))))).toBe(false);
  });

  it("takes nothing for near that only shares a band", () => {
    const index = new SignatureIndex();
    const one = new Uint8Array(SIGNATURE_BYTES).fill(7);
    index.add(one);
    const share = (equal: number) => one.map((byte, at) => (at < equal ? byte : 1));
    expect(index.hasNear(share(8))).toBe(false);
    expect(index.hasNear(share(Math.ceil(NEAR * SIGNATURE_BYTES) + 1))).toBe(true);
    expect(index.hasNear(one)).toBe(true);
  });
});
