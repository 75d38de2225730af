import { describe, expect, it } from "@jest/globals";
import { readOne, stepsOf } from "../../../test/read-one.js";
import { createShareGpt } from "./sharegpt.js";

const sharegpt = createShareGpt({});
const tools = JSON.stringify([
  { name: "weather", description: "d", parameters: {} },
  { name: "news", parameters: {} },
]);
const row = (...turns: [from: string, value: unknown][]) => ({
  tools,
  conversations: [["human", "q"], ...turns].map(([from, value]) => ({ from, value })),
});
const call = (name: string, args: object = {}) => JSON.stringify({ name, arguments: args });

describe("sharegpt", () => {
  it("reads calls, results and answers, and puts the system text before the instruction", () => {
    const record = row(
      ["function_call", call("weather", { city: "Bonn" })],
      ["observation", '{"degrees": 7}'],
      ["gpt", "7 degrees."],
      ["human", "Thanks."],
      ["gpt", "Bye."],
    );
    const { trajectory } = readOne(sharegpt, { ...record, system: "Be brief." });
    expect(trajectory.instruction).toBe("Be brief.\n\nq");
    expect(trajectory.steps).toEqual([
      {
        kind: "call",
        thought: "",
        call: { name: "weather", arguments: '{"city":"Bonn"}' },
        observation: '{"degrees": 7}',
      },
      { kind: "answer", thought: "", answer: "7 degrees." },
      { kind: "user", text: "Thanks." },
      { kind: "answer", thought: "", answer: "Bye." },
    ]);
  });

  it("reads a list of calls, whose results come in one list, and thoughts in <think>", () => {
    const record = row(
      ["function_call", `<think>\nBoth.\n</think>\n[${call("weather")}, ${call("news")}]`],
      ["observation", '[{"name": "news", "content": "none"}, {"name": "weather", "content": {"n": 1.0}}]'],
      ["gpt", "<think></think>Done."],
    );
    expect(stepsOf(sharegpt, record)).toMatchObject([
      { thought: "Both.", call: { name: "weather" }, observation: '{"n":1.0}' },
      { thought: "", call: { name: "news" }, observation: "none" },
      { kind: "answer", thought: "", answer: "Done." },
    ]);
  });

  it.each([
    `Let me see.\n${call("weather")}`,
    `Let me see.\n<tool_call>${call("weather")}</tool_call>`,
    `Let me see. [${call("weather")}]`,
  ])("reads a call inside what was said: %j", (said) => {
    const steps = stepsOf(sharegpt, row(["gpt", said], ["observation", "7"]));
    expect(steps).toMatchObject([{ kind: "call", thought: "Let me see.", observation: "7" }]);
  });

  it("does not train on an answer that rests on a result without a call", () => {
    const record = row(
      ["gpt", 'AI computes: {"price": 200}'],
      ["observation", "160"],
      ["gpt", "160."],
      ["human", "?"],
      ["gpt", "!"],
    );
    const { trajectory, lost } = readOne(sharegpt, record);
    expect(trajectory.steps).toMatchObject([
      { kind: "answer", answer: "160.", untrained: "unseen_result" },
      { kind: "user" },
      { kind: "answer", answer: "!" },
    ]);
    expect(trajectory.steps[2]).not.toHaveProperty("untrained");
    expect(lost).toEqual({ result_without_call: 1 });
  });

  it("keeps a call that cannot be read as context only", () => {
    expect(stepsOf(sharegpt, row(["function_call", "weather please"], ["gpt", "a"]))).toMatchObject([
      { kind: "call", untrained: "broken_call", call: { arguments: "weather please" } },
      { kind: "answer" },
    ]);
  });

  it.each(["", " ", "[]"])("reads tools that are the text %j as none", (none) => {
    const { trajectory, hasTools } = readOne(sharegpt, { ...row(["gpt", "a"]), tools: none });
    expect([trajectory.tools, hasTools]).toEqual([[], true]);
    expect(readOne(sharegpt, { ...row(["function_call", call("any")]), tools: none }).hasTools).toBe(false);
  });

  it("reads keys and roles by other names, beside the usual ones", () => {
    const named = createShareGpt({
      conversations: ["dialog"],
      from: ["speaker"],
      value: ["says"],
      human: ["customer"],
      gpt: ["agent", "bot"],
    });
    const record = {
      tools,
      dialog: [
        { speaker: "customer", says: "q" },
        { speaker: "function_call", says: call("weather") },
        { speaker: "tool", says: "7" },
        { speaker: "bot", says: "7 degrees." },
      ],
    };
    expect(named.detect(record)).not.toBeNull();
    expect(sharegpt.detect(record)).toBeNull();
    expect(stepsOf(named, record)).toMatchObject([{ observation: "7" }, { answer: "7 degrees." }]);
  });

  it("reads messages whose roles are ShareGPT's, and leaves OpenAI's to their own format", () => {
    const messages = [
      { role: "user", content: "q" },
      { role: "tool_call", content: "{'name': 'weather', 'arguments': '{\"city\": \"Bonn\"}'}" },
      { role: "tool_response", content: "7" },
      { role: "assistant", content: "7 degrees." },
    ];
    expect(sharegpt.detect({ messages })).toBe("turns of tool_call");
    expect(stepsOf(sharegpt, { messages })).toMatchObject([
      { call: { name: "weather", arguments: '{"city": "Bonn"}' }, observation: "7" },
      { answer: "7 degrees." },
    ]);
    expect(sharegpt.detect({ messages: [messages[0], messages[3]] })).toBeNull();
  });

  it.each([
    [{}, "not_sharegpt"],
    [{ conversations: [] }, "not_sharegpt"],
    [
      {
        conversations: [
          { from: "gpt", value: "a" },
          { from: "human", value: "q" },
        ],
      },
      "starts_with_assistant",
    ],
    [{ conversations: [{ from: "gpt", value: "a" }] }, "no_instruction"],
    [{ ...row(["gpt", "a"]), tools: "[{'name':" }, "broken_tools"],
  ])("rejects %j: %s", (record, reason) => {
    expect(sharegpt.read(record, { file: "in.json", index: 0 })).toMatchObject({ kind: "rejected", reason });
  });
});
