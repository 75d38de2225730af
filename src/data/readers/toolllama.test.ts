import { describe, expect, it } from "@jest/globals";
import { readOne, stepsOf } from "../../../test/read-one.js";
import { createToolllama } from "./toolllama.js";

const place = { file: "in.json", index: 0 };

const toolllama = createToolllama("complete");

describe("toolllama", () => {
  const tools = `you have access to the following APIs: [{'name': 'weather', 'description': "it's", 'parameters': {'type': 'object', 'n': [1, -2.5, True, None]}}]`;
  const row = (...turns: [string, string][]) => ({
    id: "Step 2: q",
    conversations: [["system", tools], ["user", "\nq\nBegin!\n"], ...turns].map(([from, value]) => ({
      from,
      value,
    })),
  });
  const action = "\nThought: Let me. Action: is a word.\nAction: weather\nAction Input: {}";
  const end =
    '\nThought: \nAction: Finish\nAction Input: {"return_type": "give_answer", "final_answer": "7"}';

  it("reads whole paths and their Python tool list", () => {
    const { trajectory, sourceId } = readOne(
      toolllama,
      row(["assistant", action], ["function", '{"error":"","response":"7"}'], ["assistant", end]),
    );
    expect([trajectory.instruction, sourceId]).toEqual(["q", "Step 2: q"]);
    expect(trajectory.tools).toEqual([
      { name: "weather", description: "it's", parameters: { type: "object", n: [1, -2.5, true, null] } },
    ]);
    expect(trajectory.steps).toMatchObject([
      { thought: "Let me. Action: is a word.", call: { name: "weather", arguments: "{}" }, observation: "7" },
      { kind: "answer", thought: "", answer: "7" },
    ]);
  });

  it("skips the rows that are a part of another", () => {
    expect(toolllama.read(row(["assistant", action]), place)).toMatchObject({
      kind: "skipped",
      reason: "part_of_a_path",
    });
  });

  it("reads turns that come as two columns", () => {
    const { conversations } = row(["assistant", end]);
    const columns = {
      from: conversations.map((turn) => turn.from),
      value: conversations.map((turn) => turn.value),
    };
    expect(stepsOf(toolllama, { conversations: columns })).toMatchObject([{ kind: "answer" }]);
  });
});
