import { describe, expect, it } from "@jest/globals";
import { describeWithSharedData, sharedData } from "../../../test/shared-data.js";
import { findInput } from "../input/find-inputs.js";
import { parseRecord } from "../parse-record.js";
import { TrajectorySource } from "../trajectory-source.js";
import type { ReadTrajectory } from "./reader.js";
import { trajectory, writeTrajectory } from "./trajectory.js";

const PLACE = { file: "trajectories.jsonl", index: 0 };

function readBack(read: ReadTrajectory, id: string | null) {
  const line = `{"id":${JSON.stringify(id)},${writeTrajectory(read)}`;
  expect(line.indexOf("\n")).toBe(line.length - 1);
  const { value, fault } = parseRecord(Buffer.from(line));
  expect(fault).toBeNull();
  expect(trajectory.detect(value)).not.toBeNull();
  return trajectory.read(value, PLACE);
}

/** What is undefined is not there. */
const withoutGaps = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describeWithSharedData("trajectory, of recorded data", () => {
  it.each([
    "toolbench-raw",
    "toolllama",
    "toolalpaca",
    "hermes-function-calling",
    "openai-messages/tau-bench-gpt-4o-airline.first20.json",
    "golden/alpha-umi-shipped/raw_data_stage_2.json",
    "containers/sharegpt.jsonl",
  ])("reads all of %s back as it was", async (path) => {
    const input = await findInput(sharedData(path), { cwd: "/" });
    let count = 0;
    for await (const { result } of new TrajectorySource(input, null).read()) {
      if (result.kind !== "trajectory") continue;
      count += 1;
      // What was mended once needs no mending.
      const { category = null, repairs: _, parallel = [], ...read } = result;
      const expected = { ...read, category, ...(parallel.length > 0 && { parallel }) };
      expect(withoutGaps(readBack(result, result.sourceId))).toEqual(withoutGaps(expected));
    }
    expect(count).toBeGreaterThan(0);
  });
});

describe("trajectory", () => {
  it("keeps half characters, broken arguments and why something is not trained", () => {
    const read: ReadTrajectory = {
      ...{
        kind: "trajectory",
        sourceId: null,
        hasTools: false,
        lost: { text_without_act: 2 },
        category: "Maps",
      },
      trajectory: {
        instruction: "do \ud83d it",
        tools: [{ name: "__proto__", description: "", parameters: { "2": 0, "1": { type: "object" } } }],
        steps: [
          { kind: "user", text: "and \u2028 more" },
          {
            ...{ kind: "call", thought: "", call: { name: "x", arguments: '{"a": 1.0' }, observation: null },
            ...{ untrained: "broken_arguments" },
          },
          { kind: "answer", thought: "t", answer: "a", unplanned: "no_thought" },
          { kind: "give_up", thought: "no" },
        ],
      },
    };
    expect(readBack(read, null)).toEqual(read);
  });

  it.each([
    ["a step of no kind", { steps: [{ kind: "user", text: "" }, { kind: "think" }] }],
    [
      "a call without a name",
      {
        steps: [
          { kind: "give_up", thought: "" },
          { kind: "call", thought: "", call: {}, observation: null },
        ],
      },
    ],
    [
      "a reason that every object has",
      {
        steps: [
          { kind: "user", text: "" },
          { kind: "give_up", thought: "", untrained: "constructor" },
        ],
      },
    ],
    ["no list of steps", { steps: {} }],
  ])("rejects %s", (_, changes) => {
    const record = { instruction: "q", tools: [], ...changes };
    expect(trajectory.read(record, PLACE)).toMatchObject({ kind: "rejected", reason: "not_trajectory" });
  });

  it("takes no counts that are none", () => {
    const lost = { constructor: 1, text_without_act: -5, result_without_call: "many", unseen_result: 2 };
    const record = { instruction: "q", tools: [], steps: [{ kind: "give_up", thought: "" }], lost };
    expect(trajectory.read(record, PLACE)).toMatchObject({ kind: "trajectory", lost: { unseen_result: 2 } });
  });
});
