import { describe, expect, it } from "@jest/globals";
import { readOne, stepsOf } from "../../../test/read-one.js";
import { parseRecord } from "../parse-record.js";
import { openai } from "./openai.js";

const place = { file: "in.json", index: 0 };

const weather = {
  type: "function",
  function: { name: "weather", description: "d", parameters: { type: "object" } },
};
const chat = (...messages: object[]) => ({
  tools: [weather],
  messages: [{ role: "user", content: "q" }, ...messages],
});
const call = (args: unknown, id?: string, name = "weather") => ({
  id,
  type: "function",
  function: { name, arguments: args },
});

describe("openai", () => {
  it("makes calls, results and answers into steps", () => {
    const record = chat(
      { role: "assistant", content: "Look.", tool_calls: [call('{"city": "Bonn"}', "c1")] },
      { role: "tool", tool_call_id: "c1", content: "7" },
      { role: "assistant", content: "7 degrees." },
    );
    expect(stepsOf(openai, record)).toEqual([
      {
        kind: "call",
        thought: "Look.",
        call: { name: "weather", arguments: '{"city": "Bonn"}' },
        observation: "7",
      },
      { kind: "answer", thought: "", answer: "7 degrees." },
    ]);
  });

  it("makes parallel calls into consecutive steps, with results by id or else by order", () => {
    const byId = chat(
      { role: "assistant", content: null, tool_calls: [call("{}", "a"), call("{}", "b")] },
      { role: "tool", tool_call_id: "b", content: "B" },
      { role: "tool", tool_call_id: "a", content: "A" },
    );
    const byOrder = chat(
      { role: "assistant", tool_calls: [call("{}"), call("{}")] },
      { role: "tool", content: "A" },
      { role: "tool", content: "B" },
    );
    for (const record of [byId, byOrder]) {
      expect(stepsOf(openai, record)).toMatchObject([{ observation: "A" }, { observation: "B" }]);
    }
  });

  it.each([
    ["an object", { city: "Bonn" }, '{"city":"Bonn"}'],
    ["encoded twice", '"{\\"city\\": \\"Bonn\\"}"', '{"city": "Bonn"}'],
    ["with single quotes", "{'city': 'Bonn'}", '{"city": "Bonn"}'],
    ["with a trailing comma", '{"city": "Bonn",}', '{"city": "Bonn"}'],
    ["empty", "", "{}"],
    ["null", null, "{}"],
  ])("reads arguments that are %s", (_, recorded, expected) => {
    expect(stepsOf(openai, chat({ role: "assistant", tool_calls: [call(recorded)] }))).toMatchObject([
      { call: { arguments: expected } },
    ]);
  });

  it.each([
    '{"id":12345678901234567890,"x":[1.0,1e400,-0]}',
    '{"10":"b","9":"a","s":"\\n\u00fc"}',
    '{"x":{"arguments":{"n":2.50}}}',
  ])("keeps the numbers and the order of arguments that are the object %s", (recorded) => {
    const text = JSON.stringify(chat({ role: "assistant", tool_calls: [call("HERE")] }));
    const messages = JSON.stringify({ messages: JSON.stringify(JSON.parse(text).messages) });
    const { value } = parseRecord(Buffer.from(text.replace('"HERE"', recorded)));
    expect(stepsOf(openai, value)).toMatchObject([{ call: { arguments: recorded } }]);
    const inText = messages.replace('\\"HERE\\"', JSON.stringify(recorded).slice(1, -1));
    const second = parseRecord(Buffer.from(inText)).value;
    expect(stepsOf(openai, second)).toMatchObject([{ call: { arguments: recorded } }]);
  });

  it("reads NaN in arguments as null, and says that arguments are nested too deeply", () => {
    const text = JSON.stringify(chat({ role: "assistant", tool_calls: [call("HERE")] }));
    const { value } = parseRecord(Buffer.from(text.replace('"HERE"', '{"x":NaN,"y":1.0}')));
    expect(stepsOf(openai, value)).toMatchObject([{ call: { arguments: '{"x":null,"y":1.0}' } }]);
    const deep = `{"x":${"[".repeat(20_000)}${"]".repeat(20_000)}}`;
    const { fault } = parseRecord(Buffer.from(text.replace('"HERE"', deep)));
    expect(fault?.reason).toBe("nested_too_deeply");
  });

  it.each(["hello", '{"city": "Bon', "[1]", "7"])("keeps broken arguments %j as context only", (recorded) => {
    expect(stepsOf(openai, chat({ role: "assistant", tool_calls: [call(recorded)] }))).toMatchObject([
      { call: { arguments: recorded }, untrained: "broken_arguments" },
    ]);
  });

  it("keeps a call of a tool that does not exist as context only", () => {
    const record = chat(
      { role: "assistant", tool_calls: [call("{}", "a", "wether")] },
      { role: "tool", content: "no" },
    );
    expect(stepsOf(openai, record)).toMatchObject([{ untrained: "hallucinated_call", observation: "no" }]);
  });

  it("reads the old form, text parts, reasoning, weights and tools as text", () => {
    const record = {
      id: 7,
      functions: undefined,
      tools: JSON.stringify([weather.function]),
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: [{ type: "text", text: "q" }] },
        {
          role: "assistant",
          reasoning_content: "Hm.",
          content: null,
          function_call: { name: "weather", arguments: "{}" },
        },
        { role: "function", name: "weather", content: [{ type: "text", text: "7" }] },
        { role: "assistant", content: "no", weight: 0 },
        { role: "user", content: "Sure?" },
        { role: "assistant", content: "yes" },
      ],
    };
    const { trajectory, sourceId } = readOne(openai, record);
    expect(sourceId).toBe("7");
    expect(trajectory.instruction).toBe("Be brief.\n\nq");
    expect(trajectory.steps).toEqual([
      { kind: "call", thought: "Hm.", call: { name: "weather", arguments: "{}" }, observation: "7" },
      { kind: "answer", thought: "", answer: "no", untrained: "weight_zero" },
      { kind: "user", text: "Sure?" },
      { kind: "answer", thought: "", answer: "yes" },
    ]);
  });

  it("reads tools that are Python's text of a list, and rejects a text that is none", () => {
    const python = "[{'type': 'function', 'function': {'name': 'weather', 'strict': True}}]";
    const { trajectory, hasTools } = readOne(openai, {
      ...chat({ role: "assistant", content: "a" }),
      tools: python,
    });
    expect([trajectory.tools, hasTools]).toMatchObject([[{ name: "weather" }], true]);
    const broken = { ...chat({ role: "assistant", content: "a" }), tools: "[{'name': " };
    expect(openai.read(broken, place)).toMatchObject({ kind: "rejected", reason: "broken_tools" });
    expect(readOne(openai, { ...broken, tools: "null" }).hasTools).toBe(false);
  });

  it("gives a result that comes twice, or before the user, to no call and no instruction", () => {
    const record = chat(
      { role: "assistant", content: "", tool_calls: [call("{}", "a"), call("{}", "b")] },
      { role: "tool", tool_call_id: "a", content: "first" },
      { role: "tool", tool_call_id: "a", content: "again" },
      { role: "tool", tool_call_id: "b", content: "second" },
    );
    record.messages.unshift({ role: "tool", content: "early" } as (typeof record.messages)[number]);
    const { trajectory, lost } = readOne(openai, record);
    expect([trajectory.instruction, lost]).toEqual(["q", { result_without_call: 2 }]);
    expect(trajectory.steps).toMatchObject([{ observation: "first" }, { observation: "second" }]);
  });

  it("joins a text without a call to the next thought, and takes calls of adjacent messages as parallel", () => {
    const record = chat(
      { role: "assistant", content: "First." },
      { role: "assistant", content: "Then.", tool_calls: [call("{}")] },
      { role: "assistant", content: "Again.", tool_calls: [call("{}")] },
      { role: "tool", content: "7" },
      { role: "tool", content: "8" },
      { role: "tool", content: "9" },
    );
    expect(stepsOf(openai, record)).toMatchObject([
      { thought: "First.\nThen.", observation: "7" },
      { thought: "Again.", observation: "8" },
    ]);
    expect(readOne(openai, record).lost).toEqual({ result_without_call: 1 });
  });
});

describe("texts without a call", () => {
  const words = { role: "assistant", content: "Unwanted.", weight: 0 };
  const act = { role: "assistant", content: "Look.", tool_calls: [call("{}")] };

  it("does not train on a text of weight 0 with the act that follows", () => {
    const record = chat(words, { role: "assistant", content: "Wanted." }, act);
    expect(stepsOf(openai, record)).toMatchObject([{ kind: "call", thought: "Wanted.\nLook." }]);
    expect(readOne(openai, record).lost).toEqual({ text_without_act: 1 });
    const unweighted = chat(words, { ...act, weight: 0 });
    expect(stepsOf(openai, unweighted)).toMatchObject([
      { thought: "Unwanted.\nLook.", untrained: "weight_zero" },
    ]);
    const reasoned = chat({ ...words, reasoning_content: "Hm." }, act);
    expect(stepsOf(openai, reasoned)).toMatchObject([{ thought: "Look." }]);
    expect(readOne(openai, reasoned).lost).toEqual({ text_without_act: 2 });
  });
});
