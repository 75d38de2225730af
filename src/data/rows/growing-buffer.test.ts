import { describe, expect, it } from "@jest/globals";
import { GrowingBuffer } from "./growing-buffer.js";

const first = String.fromCharCode(...Array.from({ length: 0x180 }, (_, code) => code));

describe("GrowingBuffer", () => {
  it.each([
    ["all controls and the first letters", first],
    ["separators, other scripts and emoji", "\u2028\u2029 中文 \u{1f600}"],
    ["half a character", "a\ud800b\udc00"],
    ["a long text of what takes most room", "\u0001\u4e2d".repeat(20_000)],
    ["a text too long to be escaped here", `"${"x".repeat(70_000)}\n`],
    ["nothing", ""],
  ])("escapes as JSON does: %s", (_, text) => {
    const buffer = new GrowingBuffer();
    buffer.write("before");
    buffer.writeEscaped(text);
    expect(buffer.take().toString("utf8") === `before${JSON.stringify(text).slice(1, -1)}`).toBe(true);
  });

  it("gives its bytes away and begins anew", () => {
    const buffer = new GrowingBuffer();
    buffer.write("a".repeat(2_000_000));
    const taken = buffer.take();
    buffer.write("b");
    expect([taken.length, taken[0], buffer.length]).toEqual([2_000_000, 0x61, 1]);
  });
});
