import { describe, expect, it } from "@jest/globals";
import { readOne, stepsOf } from "../../../test/read-one.js";
import { glaive } from "./glaive.js";
import { llamafactoryV1 } from "./llamafactory-v1.js";
import { nemotron } from "./nemotron.js";
import { toucan } from "./toucan.js";
import { xlam } from "./xlam.js";

const place = { file: "in.json", index: 0 };

describe("llamafactory-v1", () => {
  const part = (type: string, value: unknown) => ({ type, value });
  const record = {
    tools:
      '[{"type": "function", "function": {"name": "area", "parameters": {"type": "dict", "properties": {}}, "required": ["r"]}}]',
    messages: [
      { role: "system", content: [part("text", "Be brief.")] },
      { role: "user", content: [part("text", "q")] },
      {
        role: "assistant",
        content: [
          part("reasoning", "Two circles."),
          part("tool_call", '{"name": "area", "arguments": {"r": 1.5}}'),
          part("tool_call", '{"name": "area", "arguments": {"r": 3}}'),
        ],
      },
      {
        role: "tool",
        content: [
          part(
            "text",
            '[{"tool_call_id": "c1", "name": "area", "content": "7"}, {"name": "area", "content": {"area": 28.0}}]',
          ),
        ],
      },
      { role: "assistant", content: [part("reasoning", "Both known."), part("text", "7 and 28.")] },
      { role: "user", content: [part("text", "Thanks.")] },
      { role: "assistant", content: [part("text", "Bye.")], loss_weight: 0 },
    ],
  };

  it("reads reasoning as thoughts, several calls of a message, and their results in one list", () => {
    const { trajectory } = readOne(llamafactoryV1, record);
    expect(trajectory.instruction).toBe("Be brief.\n\nq");
    expect(trajectory.tools[0]?.parameters).toEqual({ type: "object", properties: {}, required: ["r"] });
    expect(trajectory.steps).toEqual([
      {
        kind: "call",
        thought: "Two circles.",
        call: { name: "area", arguments: '{"r":1.5}' },
        observation: "7",
      },
      {
        kind: "call",
        thought: "",
        call: { name: "area", arguments: '{"r":3}' },
        observation: '{"area":28.0}',
      },
      { kind: "answer", thought: "Both known.", answer: "7 and 28." },
      { kind: "user", text: "Thanks." },
      { kind: "answer", thought: "", answer: "Bye.", untrained: "weight_zero" },
    ]);
  });

  it("is told from OpenAI's parts by their values", () => {
    expect(llamafactoryV1.detect(record)).not.toBeNull();
    expect(
      llamafactoryV1.detect({ messages: [{ role: "user", content: [{ type: "text", text: "q" }] }] }),
    ).toBeNull();
  });
});

describe("glaive", () => {
  const system =
    'SYSTEM: You have these functions -\n{"name": "news", "description": "d", "parameters": {}}\n\n{"name": "mail", "parameters": {}}\n';
  const chat = [
    "USER: Any news?",
    `ASSISTANT: Let me look. <functioncall> {"name": "news", "arguments": '{"country": "US"}'} <|endoftext|>`,
    'FUNCTION RESPONSE: {"headlines": ["A: B"]}',
    "ASSISTANT: One:\nA: that is it. <|endoftext|>",
    "USER: More?",
    'A: <functioncall> {"name": "mail"} <|endoftext|>',
  ].join("\n\n\n");

  it("reads tools that stand one after the other, and a dialogue that is one text", () => {
    const { trajectory } = readOne(glaive, { system, chat });
    expect(trajectory.instruction).toBe("Any news?");
    expect(trajectory.tools.map(({ name }) => name)).toEqual(["news", "mail"]);
    expect(trajectory.steps).toEqual([
      {
        kind: "call",
        thought: "Let me look.",
        call: { name: "news", arguments: '{"country": "US"}' },
        observation: '{"headlines": ["A: B"]}',
      },
      { kind: "answer", thought: "", answer: "One:\nA: that is it." },
      { kind: "user", text: "More?" },
      { kind: "call", thought: "", call: { name: "mail", arguments: "{}" }, observation: null },
    ]);
  });

  it("takes a system text without functions for no tools, and rejects tools that cannot be read", () => {
    const plain = {
      system: "SYSTEM: You have no functions.",
      chat: "USER: q\n\n\nASSISTANT: a <|endoftext|>",
    };
    expect(readOne(glaive, plain)).toMatchObject({
      hasTools: true,
      trajectory: { tools: [], steps: [{ answer: "a" }] },
    });
    expect(glaive.read({ ...plain, system: "{'name': oops" }, place)).toMatchObject({
      reason: "broken_tools",
    });
  });
});

describe("xlam", () => {
  const record = {
    id: 7,
    query: "q",
    tools:
      '[{"name": "a", "description": "d", "parameters": {"x": {"type": "List[int]", "description": "e"}}}]',
    answers: '[{"name": "a", "arguments": {"x": [1.0]}}, {"name": "a", "arguments": {}}]',
  };

  it("reads the calls, and no end", () => {
    const { trajectory, sourceId } = readOne(xlam, record);
    expect([sourceId, trajectory.instruction]).toEqual(["7", "q"]);
    expect(trajectory.tools[0]?.parameters).toMatchObject({ type: "object", required: ["x"] });
    expect(trajectory.steps).toEqual([
      { kind: "call", thought: "", call: { name: "a", arguments: '{"x":[1.0]}' }, observation: null },
      { kind: "call", thought: "", call: { name: "a", arguments: "{}" }, observation: null },
    ]);
    expect(stepsOf(xlam, { ...record, answers: JSON.parse(record.answers) })).toHaveLength(2);
    expect(xlam.gives.summarizer).toBeNull();
  });

  it.each([
    ["[]", "no_call"],
    [null, "no_call"],
    ["who knows", "broken_call"],
  ])("rejects answers %j: %s", (answers, reason) => {
    expect(xlam.read({ ...record, answers }, place)).toMatchObject({ reason });
  });
});

describe("toucan", () => {
  it("takes tools from their column, drops the system message, and reads the older calls", () => {
    const messages = [
      { role: "system", content: "<|im_system|>tool_declare<|im_middle|>[]" },
      { role: "user", content: "q" },
      {
        role: "assistant",
        content: "",
        reasoning_content: "Look.",
        function_call: "{'name': 'exa-search', 'arguments': '{\"q\": \"x\"}'}",
      },
      { role: "function", name: "exa-search", content: "[]" },
      { role: "assistant", content: "Nothing." },
    ];
    const record = {
      uuid: "u",
      messages: JSON.stringify(messages),
      available_tools: '[{"type": "function", "function": {"name": "exa-search"}}]',
    };
    expect(toucan.detect(record)).not.toBeNull();
    const { trajectory, sourceId } = readOne(toucan, record);
    expect([sourceId, trajectory.instruction]).toEqual(["u", "q"]);
    expect(trajectory.steps).toEqual([
      {
        kind: "call",
        thought: "Look.",
        call: { name: "exa-search", arguments: '{"q": "x"}' },
        observation: "[]",
      },
      { kind: "answer", thought: "", answer: "Nothing." },
    ]);
  });
});

describe("nemotron", () => {
  const messages = [
    { role: "user", content: "q", tool_calls: [] },
    {
      role: "assistant",
      content: "<think>\nHm.\n</think>\n\n",
      tool_calls: [{ id: "1", function: { name: "a", arguments: "{}" } }],
    },
    { role: "tool", content: "7", tool_calls: [] },
    { role: "assistant", content: "<think>\n\n</think>\n\n7.", tool_calls: [] },
  ];

  it("takes tools from the metadata and thoughts from <think>", () => {
    const record = { uuid: "u", messages, metadata: '{"tools": [{"function": {"name": "a"}}]}' };
    expect(nemotron.detect(record)).not.toBeNull();
    expect(nemotron.detect({ messages, metadata: "{}" })).toBeNull();
    const { trajectory } = readOne(nemotron, record);
    expect(trajectory.tools).toMatchObject([{ name: "a" }]);
    expect(trajectory.steps).toMatchObject([
      { thought: "Hm.", observation: "7" },
      { thought: "", answer: "7." },
    ]);
  });
});
