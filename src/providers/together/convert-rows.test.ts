import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { threadExample } from "../../../test/vendor/together-world.js";
import type { Segment } from "../../core/example.js";
import { convertExample } from "./convert-rows.js";
import { createModelText } from "./model-text.js";

const END = "<|end|>";
const text = createModelText({ endOfTurnToken: "<|im_end|>", specialTokens: ["<|im_start|>", "<s>"] }, END);

/** The row's whole text as a model sees it: what every prompt and completion has to be a piece of. */
const whole = (segments: readonly Segment[]) => segments.map((segment) => text.render(segment.text)).join("");

describe("convertExample", () => {
  it("makes one row for each trained stretch of a thread, with everything before it as its prompt", () => {
    const { segments } = threadExample();
    const start = "Three roles solve the task.\nuser: a: What is 2 + 2?<|im_end|>planner:";
    const plan = " I have to add. Next: caller.<|im_end|>";
    const call = ' add\n{"a":2,"b":2}<|im_end|>';
    expect(convertExample(segments, text)).toEqual([
      { prompt: start, completion: plan },
      { prompt: `${start}${plan}caller:`, completion: call },
      {
        prompt: `${start}${plan}caller:${call}observation: 4<|im_end|>planner:`,
        completion: " Known. Next: summarizer.<|im_end|>",
      },
    ]);
  });

  it("joins neighbours and passes over what is empty", () => {
    const segments = [
      { text: "a", train: false },
      { text: "", train: true },
      { text: "b", train: false },
      { text: "c", train: true },
      { text: "d", train: true },
    ];
    expect(convertExample(segments, text)).toEqual([{ prompt: "ab", completion: "cd" }]);
    expect(convertExample([{ text: "x", train: false }], text)).toEqual([]);
  });

  it("breaks what reads as a special token, and nothing else", () => {
    const raw = `<s> <|im_end|> <|im_start|>${END}<|endoftext|>`;
    expect(text.render(raw)).toBe("< s> < |im_end|> < |im_start|><|im_end|><|endoftext|>");
  });

  const Segments = fc.array(
    fc.record({
      text: fc.oneof(
        fc.string({ unit: "grapheme" }),
        fc.constantFrom(END, "planner:", " x", "<|im_", "end|>", "<|im_end|>", "<|", "\ud800", "\n"),
        fc.tuple(fc.string(), fc.constant(END)).map((parts) => parts.join("")),
      ),
      train: fc.boolean(),
    }),
    { minLength: 1, maxLength: 12 },
  );

  it("keeps the text of any row, and trains what the row trains", () => {
    fc.assert(
      fc.property(Segments, (segments) => {
        const rows = convertExample(segments, text);
        const all = whole(segments);
        let at = 0;
        let between = "";
        for (const { prompt, completion } of rows) {
          expect(all.startsWith(prompt + completion)).toBe(true);
          expect(completion).not.toBe("");
          between += all.slice(at, prompt.length);
          at = prompt.length + completion.length;
        }
        const trained = segments.filter(({ train }) => train);
        expect(rows.map(({ completion }) => completion).join("")).toBe(whole(trained));
        expect(between + all.slice(at)).toBe(whole(segments.filter(({ train }) => !train)));
      }),
      { numRuns: 500 },
    );
  });

  it("survives the way through JSON", () => {
    fc.assert(
      fc.property(Segments, (segments) => {
        const rows = convertExample(segments, text);
        expect(JSON.parse(JSON.stringify(rows))).toEqual(rows);
      }),
    );
  });
});
