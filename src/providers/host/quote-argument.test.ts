import { execFileSync } from "node:child_process";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { quoteArgument, quoteCommand } from "./quote-argument.js";

describe("quoteArgument", () => {
  it("leaves plain words as they are and quotes everything else", () => {
    expect(quoteArgument("/data/mllm-1/job.json")).toBe("/data/mllm-1/job.json");
    expect(quoteArgument("")).toBe("''");
    expect(quoteArgument("it's")).toBe(`'it'\\''s'`);
    expect(quoteArgument("=ls")).toBe("'=ls'");
    expect(() => quoteArgument("a\0b")).toThrow(TypeError);
  });

  it("brings any text through a shell unchanged", () => {
    const texts = fc.array(
      fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\0", "")),
      { minLength: 1, maxLength: 8 },
    );
    const awkward = ["$(touch /tmp/x)", "`id`", "a\nb", "!x", "-n", "\\", "'\"'", "*", "~", "$HOME", "ü €"];
    fc.assert(
      fc.property(texts, (found) => {
        const words = [...found, ...awkward];
        const line = quoteCommand(["printf", "%s\\0", ...words]);
        const output = execFileSync("sh", ["-c", line], { encoding: "utf8" });
        expect(output.split("\0").slice(0, -1)).toEqual(words);
      }),
      { numRuns: 40 },
    );
  });
});
