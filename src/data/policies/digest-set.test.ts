import { describe, expect, it } from "@jest/globals";
import { digestText } from "./digest.js";
import { DigestSet } from "./digest-set.js";

describe("DigestSet", () => {
  it("tells what came before, however many came", () => {
    const set = new DigestSet();
    const digests = Array.from({ length: 5000 }, (_, at) => digestText(`text ${at}`));
    expect(digests.every(Number.isSafeInteger)).toBe(true);
    expect(digests.map((digest) => set.add(digest))).toEqual(digests.map(() => true));
    expect(digests.some((digest) => set.add(digest))).toBe(false);
    expect(set.add(digestText("another"))).toBe(true);
  });

  it("knows digests that want the same slot, and the digest 0", () => {
    const set = new DigestSet();
    for (const digest of [0, 1024, 2048, 3072]) {
      expect(set.add(digest)).toBe(true);
      expect(set.add(digest)).toBe(false);
    }
  });
});
