import { describe, expect, it } from "@jest/globals";
import { readArguments } from "./call-arguments.js";
import { readCallText, splitTaggedCalls } from "./call-text.js";

const callsIn = (text: string) =>
  readCallText(text)?.map((call) => [call.name, readArguments(call.arguments).text]) ?? null;

describe("readCallText", () => {
  it.each([
    ['{"name": "a", "arguments": {"x": 1}}', [["a", '{"x":1}']]],
    [
      '[{"name": "a", "arguments": {}}, {"name": "b", "arguments": {"y": [2]}}]',
      [
        ["a", "{}"],
        ["b", '{"y":[2]}'],
      ],
    ],
    ['{"type": "function", "function": {"name": "a", "arguments": "{\\"x\\": 1}"}}', [["a", '{"x": 1}']]],
    ['{"name": "a"}', [["a", "{}"]]],
    ['{"name": "a", "parameters": {"x": "y"}}', [["a", '{"x":"y"}']]],
    // Numbers and the order of keys stay as they are written.
    [
      '{"name": "a", "arguments": {"2": 1.0, "1": 12345678901234567890}}',
      [["a", '{"2":1.0,"1":12345678901234567890}']],
    ],
    [
      "{'arguments': {'2': 1.0, '1': True, 'n': None, 's': \"it's\"}, 'name': 'a'}",
      [["a", '{"2":1.0,"1":true,"n":null,"s":"it\'s"}']],
    ],
    [`{"name": "a", "arguments": '{"city": "St. John's"}'}`, [["a", `{"city": "St. John's"}`]]],
    [`\\n{"arguments": {"q": ['How?', "it's"], "name": "a"}}\\n`, [["a", `{"q":["How?","it's"]}`]]],
    ['{"name": "a", "arguments": {"x": 1,}}', [["a", '{"x":1}']]],
    ['{"name": "a", "arguments": {"x": "two\nlines"}}', [["a", '{"x":"two\\nlines"}']]],
  ])("reads %s", (text, calls) => {
    expect(callsIn(text)).toEqual(calls);
  });

  it.each([
    "",
    "hello",
    "[]",
    "{}",
    '{"arguments": {}}',
    '{"name": 1}',
    '[{"name": "a"}, 2]',
    '{"name": "a", "arguments": {"x": "cu',
  ])("takes %j for no call", (text) => {
    expect(readCallText(text)).toBeNull();
  });
});

describe("splitTaggedCalls", () => {
  it("finds several tags, with or without an end, and what stands around them", () => {
    const text =
      'First.\n<tool_call>\\n{"name": "a", "arguments": {}}\\n</tool_call>\nThen.<tool_call>{"name": "b"}';
    const { text: said, calls } = splitTaggedCalls(text);
    expect(said).toBe("First.\nThen.");
    expect(calls.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  it("keeps a call that cannot be read as one that is not trained", () => {
    expect(splitTaggedCalls("<tool_call>who knows</tool_call>")).toEqual({
      text: "",
      calls: [{ id: null, name: "", arguments: "who knows", fault: "broken_call" }],
    });
  });
});
