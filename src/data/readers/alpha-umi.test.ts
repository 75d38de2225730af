import { describe, expect, it } from "@jest/globals";
import { readOne, stepsOf } from "../../../test/read-one.js";
import { alphaUmi1 } from "./alpha-umi-1.js";
import { alphaUmi2 } from "./alpha-umi-2.js";

describe("alpha-umi", () => {
  const tools = [{ Name: "weather", function: "d", input: { city: "string, name, in full", n: "integer" } }];

  it("reads stage 1, its tools as JSON Schema", () => {
    const chains = [
      { role: "system" },
      { role: "user", content: "q" },
      {
        ...{ role: "assistant", content: null },
        function_call: { name: "Finish", arguments: { return_type: "give_answer", final_answer: "7" } },
      },
    ];
    expect(readOne(alphaUmi1, { tools, instruction: "q", chains }).trajectory).toEqual({
      instruction: "q",
      tools: [
        {
          name: "weather",
          description: "d",
          parameters: {
            type: "object",
            properties: { city: { type: "string", description: "name, in full" }, n: { type: "integer" } },
          },
        },
      ],
      steps: [{ kind: "answer", thought: "", answer: "7" }],
    });
  });

  it("reads stage 2: markers, calls, retries, give-ups", () => {
    const turns: [string, string][] = [
      ["user", "q"],
      ["assistant", "Look.\n Next: caller."],
      ["caller", 'Action: weather\nAction Input: {"city": "Bonn"}'],
      ["observation", "7"],
      ["assistant", "unmarked"],
      ["user", "Again."],
      ["assistant", "No.\n Next: give up."],
      ["conclusion", "none"],
    ];
    const conversations = turns.slice(0, -1).map(([from, value]) => ({ from, value }));
    expect(stepsOf(alphaUmi2, { tools, instruction: "q", conversations })).toEqual([
      {
        kind: "call",
        thought: "Look.",
        call: { name: "weather", arguments: '{"city": "Bonn"}' },
        observation: "7",
      },
      { kind: "user", text: "Again." },
      { kind: "give_up", thought: "No." },
    ]);
  });

  it("does not train on an answer that is missing", () => {
    const conversations = [
      { from: "user", value: "q" },
      { from: "assistant", value: " Next: conclusion." },
      { from: "conclusion", value: "none" },
    ];
    expect(stepsOf(alphaUmi2, { tools, conversations })).toMatchObject([
      { kind: "answer", untrained: "no_answer" },
    ]);
  });

  it("does not carry a thought over a user's turn", () => {
    const conversations = [
      { from: "user", value: "q" },
      { from: "assistant", value: "Old." },
      { from: "user", value: "Again." },
      { from: "assistant", value: "New.\n Next: give up." },
    ];
    const { trajectory, lost } = readOne(alphaUmi2, { tools: [], conversations });
    expect(trajectory.steps).toEqual([
      { kind: "user", text: "Again." },
      { kind: "give_up", thought: "New." },
    ]);
    expect(lost).toEqual({ text_without_act: 1 });
  });
});
