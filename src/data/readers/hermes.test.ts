import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { readOne, stepsOf } from "../../../test/read-one.js";
import { describeWithSharedData, sharedData } from "../../../test/shared-data.js";
import { hermes } from "./hermes.js";

const system =
  "You have tools in <tools></tools>.\n<tools>\n[{'type': 'function', 'function': {'name': 'weather', 'strict': True}}]\n</tools>\nCall with <tool_call>.";
const turns = (...rest: [string, string][]) =>
  [["system", system], ["human", "q"], ...rest].map(([from, value]) => ({ from, value }));

describe("hermes", () => {
  it("takes tools from the system text, several calls of a turn, and their results", () => {
    const conversations = turns(
      [
        "gpt",
        "Both.\n<tool_call>\n{'name': 'weather', 'arguments': {'city': 'Bonn'}}\n</tool_call>\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {}}\n</tool_call>",
      ],
      [
        "tool",
        '<tool_response>\n{"name": "weather", "content": {"n": 7}}\n</tool_response>\n<tool_response>\nplain\n</tool_response>',
      ],
      ["gpt", "Done."],
    );
    const { trajectory } = readOne(hermes, { conversations });
    expect(trajectory).toMatchObject({ instruction: "q", tools: [{ name: "weather" }] });
    expect(trajectory.steps).toMatchObject([
      { thought: "Both.", call: { arguments: '{"city":"Bonn"}' }, observation: '{"n":7}' },
      { thought: "", observation: "plain" },
      { kind: "answer", answer: "Done." },
    ]);
  });

  it("reads messages in Qwen's form: one tool a line, the task's own text, results from the user", () => {
    const opening =
      'Be brief.\n\n# Tools\n\n<tools>\n{"type": "function", "function": {"name": "a"}}\n{"type": "function", "function": {"name": "b"}}\n</tools>\n';
    const messages = [
      { role: "system", content: opening },
      { role: "user", content: "q" },
      { role: "assistant", content: '<tool_call>{"name": "b", "arguments": {}}</tool_call>' },
      { role: "user", content: "<tool_response>\n7\n</tool_response>" },
      { role: "assistant", content: "7." },
    ];
    expect(hermes.detect({ messages })).toBe("turns with <tool_call>");
    const { trajectory } = readOne(hermes, { messages });
    expect(trajectory.instruction).toBe("Be brief.\n\nq");
    expect(trajectory.tools.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(trajectory.steps).toMatchObject([{ call: { name: "b" }, observation: "7" }, { answer: "7." }]);
  });

  it("prefers tools in a column of their own", () => {
    const conversations = turns(["gpt", '<tool_call>{"name": "mine"}</tool_call>']);
    const { trajectory } = readOne(hermes, { conversations, tools: '[{"name": "mine"}]' });
    expect(trajectory.tools.map(({ name }) => name)).toEqual(["mine"]);
  });

  it("takes the reasoning beside a call as its thought", () => {
    const conversations = turns(["gpt", '<tool_call>{"name": "weather", "arguments": {}}</tool_call>']).map(
      (turn) => (turn.from === "gpt" ? { ...turn, reasoning_content: "It rains." } : turn),
    );
    expect(readOne(hermes, { conversations }).trajectory.steps).toMatchObject([{ thought: "It rains." }]);
  });

  it("is no JSON mode where tools are offered", () => {
    const conversations = [
      { from: "system", value: "Fill <schema>." },
      { from: "human", value: "q" },
    ];
    expect(hermes.detect({ conversations })).toBe("a system text with <schema>");
    expect(hermes.detect({ conversations, tools: [{ name: "weather" }] })).toBeNull();
  });

  it("leaves rows in JSON mode out by design", () => {
    const conversations = [
      { from: "system", value: "Answer in JSON.\n<schema>\n{}\n</schema>" },
      { from: "human", value: "q" },
      { from: "gpt", value: "{}" },
    ];
    expect(hermes.detect({ conversations })).toBe("a system text with <schema>");
    expect(hermes.read({ conversations }, { file: "in.json", index: 0 })).toMatchObject({
      kind: "skipped",
      reason: "json_mode",
    });
  });

  it("knows neither plain ShareGPT nor messages with calls of their own", () => {
    expect(
      hermes.detect({
        conversations: [
          { from: "human", value: "q" },
          { from: "gpt", value: "a" },
        ],
      }),
    ).toBeNull();
    const messages = [{ role: "assistant", content: "<tool_call>", tool_calls: [] }];
    expect(hermes.detect({ messages })).toBeNull();
  });
});

describeWithSharedData("Hermes's own rows", () => {
  const rows = JSON.parse(
    readFileSync(sharedData("hermes-function-calling/hermes_function_calling_v1_readme_rows.json"), "utf8"),
  ) as unknown[];

  it("reads a call that is a Python dict, its result and the answer", () => {
    const { trajectory, sourceId } = readOne(hermes, rows[0]);
    expect(sourceId).toBe("753d8365-0e54-43b1-9514-3f9b819fd31c");
    expect(trajectory.instruction).toMatch(/^I'm planning a kayaking trip/);
    expect(trajectory.tools).toMatchObject([
      { name: "search_flights", parameters: { required: expect.any(Array) } },
    ]);
    const [call, answer] = trajectory.steps;
    expect(call).toMatchObject({
      thought: "",
      call: {
        name: "search_flights",
        arguments:
          '{"departure_city":"Los Angeles","destination_city":"Auckland","departure_date":"2023-07-10","return_date":"2023-07-24","class":"economy","flexible_cancellation":true}',
      },
      observation: expect.stringMatching(/^\{"flights":\[\{"flight_number":"AA118"/),
    });
    expect(answer).toMatchObject({
      kind: "answer",
      answer: expect.stringMatching(/^Here are the available flight options/),
    });
    expect(trajectory.steps).toHaveLength(2);
  });

  it("reads a call between literal backslashes, whose name stands among the arguments", () => {
    expect(stepsOf(hermes, rows[1])).toMatchObject([
      {
        call: {
          name: "ExpertQAExtractor",
          arguments: expect.stringMatching(/^\{"queries":\["How can the concept/),
        },
        observation: null,
      },
    ]);
  });
});
