import { describe, expect, it } from "@jest/globals";
import { writeRecordEntry } from "../src/agent/server/record-entry.js";
import type { Reply } from "../src/agent/server/run-exchange.js";
import { type Solved, toAnswerRecord } from "../src/cli/agent/run-record.js";
import type { Step } from "../src/core/trajectory.js";
import { READERS } from "../src/data/formats.js";
import { readOne } from "./read-one.js";

const tools = [{ name: "weather", description: "d", parameters: { type: "object" } }];
const look: Step = {
  ...{ kind: "call", thought: "Look.", observation: '{"response": "7"}' },
  call: { name: "weather", arguments: '{"city": "Bonn", "n": 1.0}' },
};
const attempts: [name: string, steps: Step[]][] = [
  ["an answer", [look, { kind: "answer", thought: "Done.", answer: "7 degrees." }]],
  ["an answer without a thought", [{ kind: "answer", thought: "", answer: "7." }]],
  [
    "a give-up",
    [
      { ...look, thought: "" },
      { kind: "give_up", thought: "No use." },
    ],
  ],
];

function readBack(record: object): { format: string; steps: Step[]; instruction: string; tools: unknown } {
  // As it comes from a file.
  const parsed = JSON.parse(JSON.stringify(record)) as unknown;
  const reader = READERS.find((each) => each.detect(parsed) !== null);
  if (reader === undefined) throw new Error("no format knows the record");
  return { format: reader.format, ...readOne(reader, parsed).trajectory };
}

describe("what mllm itself records", () => {
  it.each(attempts)("comes back from `run --trace`: %s", (_, steps) => {
    const outcome = steps.at(-1)?.kind === "answer" ? "answered" : "gave_up";
    const result = { outcome, steps, answer: "7." } as unknown as Solved["result"];
    const record = toAnswerRecord({ id: "t1", instruction: "How warm?", tools, result });
    expect(readBack(record)).toEqual({ format: "toolbench", instruction: "How warm?", tools, steps });
  });

  it.each(attempts)("comes back from `serve --record`: %s", (_, steps) => {
    const usage = { calls: 0, inputTokens: 0, outputTokens: 0 };
    const task = { instruction: "How warm?", steps: [] };
    const reply = { plan: "answer", finishReason: "stop", reason: null, usage, task, steps, tools };
    const head = { id: "r1", model: "m", created: 0, isLegacy: false };
    const record = writeRecordEntry(head, reply as unknown as Reply, new Date(0));
    expect(readBack(record)).toEqual({ format: "openai", instruction: "How warm?", tools, steps });
  });
});
