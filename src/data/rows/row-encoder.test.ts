import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { packageRoot } from "../../../test/shared-data.js";
import { SUBSETS } from "../../core/roles.js";
import type { Step } from "../../core/trajectory.js";
import { loadProfile } from "../../prompts/load-profile.js";
import { createRenderer } from "../../prompts/renderer.js";
import { RowEncoder } from "./row-encoder.js";

const profiles = await Promise.all(
  ["thread", "step"].map((name) => loadProfile(name, { packageRoot, cwd: packageRoot })),
);

const text = fc.string({ unit: "grapheme-composite", maxLength: 12 });
const untrained = fc.option(fc.constant({ untrained: "cut_answer" }), { nil: {} });
const step: fc.Arbitrary<Step> = fc.oneof(
  text.map((each): Step => ({ kind: "user", text: each })),
  fc.tuple(text, text, fc.option(text), untrained).map(([thought, name, observation, mark]): Step => {
    return { kind: "call", thought, call: { name, arguments: "{}" }, observation, ...mark };
  }),
  fc.tuple(text, text, untrained).map(([thought, answer, mark]): Step => {
    return { kind: "answer", thought, answer, ...mark };
  }),
  fc.tuple(text, untrained).map(([thought, mark]): Step => ({ kind: "give_up", thought, ...mark })),
);

describe("RowEncoder", () => {
  it.each(profiles)("writes what JSON.stringify writes of the examples: $profile.name", ({ profile }) => {
    const renderer = createRenderer(profile);
    const encoder = new RowEncoder();
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), text, (steps, instruction) => {
        const trajectory = { id: "t", instruction, tools: [], steps };
        const expected = renderer.examples(trajectory);
        const thread = renderer.thread(trajectory);
        const rows = thread === null ? encoder.addExamples(expected) : encoder.addThread(thread);
        const bytes = encoder.takeBytes();
        for (const subset of SUBSETS) {
          const { examples, leftOut } = expected[subset];
          const written = rows[subset].rows.map(({ start, end, step: number }) => {
            const suffix = number === 0 ? "" : `#${number}`;
            return `{"id":"t${suffix}","trajectory":"t"${bytes.toString("utf8", start, end)}`;
          });
          expect(written).toEqual(examples.map((example) => `${JSON.stringify(example)}\n`));
          expect(rows[subset].leftOut).toEqual(leftOut);
          for (const [index, { segments }] of examples.entries()) {
            const trained = segments.filter(({ train }) => train);
            const lengthOf = (list: typeof segments) => list.reduce((sum, each) => sum + each.text.length, 0);
            expect(rows[subset].rows[index]).toMatchObject({
              ...{ segments: segments.length, trainedSegments: trained.length },
              ...{ characters: lengthOf(segments), trainedCharacters: lengthOf(trained) },
            });
          }
        }
      }),
    );
  });
});
