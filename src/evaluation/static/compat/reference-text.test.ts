import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { describeWithSharedData, sharedData } from "../../../../test/shared-data.js";
import type { Step } from "../../../core/trajectory.js";
import { alphaUmi2 } from "../../../data/readers/alpha-umi-2.js";
import { samplesOf } from "../step-sample.js";
import { parseOutput } from "./parse-output.js";
import { readReferenceText, toReferenceText } from "./reference-text.js";

const call = (name: string, text: string, more = {}): Step => ({
  ...{ kind: "call", thought: "I look.", call: { name, arguments: text }, observation: null },
  ...more,
});

describe("toReferenceText", () => {
  it.each<[Step, string]>([
    [call("a", "{}"), "assistant: I look. Next: caller.</s>caller: Action: a\nAction Input: {}</s>"],
    [
      { kind: "answer", thought: "", answer: "It is 20 C." },
      "assistant: Next: conclusion.</s>conclusion: It is 20 C.</s>",
    ],
    [{ kind: "give_up", thought: "No way." }, "No way. Next: give up."],
    // As its inference does with texts that say nothing.
    [
      { kind: "answer", thought: "t", answer: " . " },
      "assistant: t Next: conclusion.</s>conclusion: none</s>",
    ],
    [
      { kind: "give_up", thought: "t", untrained: "empty_answer" },
      "assistant: t Next: conclusion.</s>conclusion: none</s>",
    ],
    [
      { kind: "give_up", thought: "", untrained: "empty_plan" },
      "assistant: none Next: caller.</s>caller: none</s>",
    ],
    [
      call("I cannot", "", { untrained: "unreadable_call" }),
      "assistant: I look. Next: caller.</s>caller: I cannot</s>",
    ],
  ])("writes %j", (step, text) => {
    expect(toReferenceText(step)).toBe(text);
  });
});

describe("readReferenceText", () => {
  it.each<[string, Partial<Step> & { kind: Step["kind"] }]>([
    [
      "asssitant: t Next: caller.</s>caller: Action: a\nAction Input: {\n}",
      call("a", "{\n}", { thought: "t" }),
    ],
    [
      "assistant: t\n Next: conclusion</s>conclusion:abc</s>",
      { kind: "answer", thought: "t", answer: "abc" },
    ],
    ["Next: conclusion.", { kind: "answer", thought: "", answer: "" }],
    ["t Next: give up.", { kind: "give_up", thought: "t" }],
    [
      "assistant: t Next: caller.</s>caller: I say Next: give up",
      call("I say Next: give up", "", { thought: "t", untrained: "unreadable_call" }),
    ],
    ["none", call("", "", { thought: "none", untrained: "unreadable_call" })],
    ["", call("", "", { thought: "", untrained: "unreadable_call" })],
  ])("reads %j", (text, step) => {
    expect(readReferenceText(text)).toEqual(step);
  });

  it("reads back what was written", () => {
    const words = fc
      .array(fc.constantFrom("a", "of", "20", "é", "{}"), { minLength: 1 })
      .map((all) => all.join(" "));
    const step: fc.Arbitrary<Step> = fc.oneof(
      fc
        .tuple(words, fc.jsonValue())
        .map(([thought, value]) => call("t", JSON.stringify({ value }), { thought })),
      fc.tuple(words, words).map(([thought, answer]): Step => ({ kind: "answer", thought, answer })),
      words.map((thought): Step => ({ kind: "give_up", thought })),
    );
    fc.assert(
      fc.property(
        step.filter((each) => !JSON.stringify(each).includes("Action")),
        (each) => expect(readReferenceText(toReferenceText(each))).toEqual(each),
      ),
    );
  });

  it("makes something of any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => expect(readReferenceText(text)).toBeDefined()),
    );
  });
});

describeWithSharedData("steps of α-UMi's test records", () => {
  const file = sharedData("golden/out-of-domain-100/out_of_domain_100.json");
  interface Turn {
    from: string;
    value: string;
  }
  /** As the reference's inference puts a sample's turns together. */
  const textsOf = (turns: readonly Turn[]) =>
    turns.flatMap(({ from, value }, index) => {
      if (from !== "assistant" || !/Next: (caller|conclusion|give up)\./.test(value)) return [];
      const next = turns[index + 1];
      return value.includes("Next: give up.")
        ? [value]
        : [`assistant: ${value}</s>${next?.from}: ${next?.value}</s>`];
    });

  it("are read by the reference as its own texts are, but for white space around answers", () => {
    const records = JSON.parse(readFileSync(file, "utf8")) as { conversations: Turn[] }[];
    const meaning = (text: string) => {
      const parsed = parseOutput(text, "multi-agent");
      return { ...parsed, answer: parsed.answer?.trim() };
    };
    let steps = 0;
    records.forEach((record, index) => {
      const read = alphaUmi2.read(record, { file, index });
      if (read.kind !== "trajectory") throw new Error(read.reason);
      const samples = samplesOf({ ...read.trajectory, id: "t" }, null);
      const texts = samples.map(({ reference }) => toReferenceText(reference));
      expect(texts.map(meaning)).toEqual(textsOf(record.conversations).map(meaning));
      steps += texts.length;
    });
    expect(steps).toBe(389);
  });
});
