import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { LineScanner } from "./line-scanner.js";

describe("LineScanner", () => {
  it("gives the same lines wherever the chunks are cut, and null for one that is too large", () => {
    const line = fc.string({ unit: fc.constantFrom("a", "b", " "), maxLength: 8 });
    fc.assert(
      fc.property(fc.array(line), fc.integer({ min: 1, max: 9 }), (texts, size) => {
        const bytes = Buffer.from(texts.join("\n"));
        const scanner = new LineScanner(5);
        const found: (Buffer | null)[] = [];
        for (let at = 0; at < bytes.length; at += size)
          found.push(...scanner.push(bytes.subarray(at, at + size)));
        const last = scanner.end();
        if (last !== null) found.push(last);
        const expected = texts.flatMap((text) =>
          text.length > 5 ? [null] : text.trim() === "" ? [] : [text],
        );
        expect(found.map((each) => each?.toString() ?? null)).toEqual(expected);
      }),
    );
  });
});
