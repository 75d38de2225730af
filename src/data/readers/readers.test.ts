import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { describeWithSharedData, sharedData } from "../../../test/shared-data.js";
import type { Step } from "../../core/trajectory.js";
import { READERS } from "../formats.js";
import { parseRecord } from "../parse-record.js";
import { alphaUmi1 } from "./alpha-umi-1.js";
import { alphaUmi2 } from "./alpha-umi-2.js";
import { openai } from "./openai.js";
import type { ReadTrajectory, RecordReader } from "./reader.js";
import { toolbench } from "./toolbench.js";
import { createToolllama } from "./toolllama.js";

const place = { file: "G1_answer/10_ChatGPT_DFS_woFilter_w2.json", index: 0 };

const toolllama = createToolllama("complete");

function read(reader: RecordReader, record: unknown): ReadTrajectory {
  const result = reader.read(record, place);
  if (result.kind !== "trajectory") throw new Error(`${result.reason}: ${result.detail}`);
  return result;
}
const stepsOf = (reader: RecordReader, record: unknown): Step[] => read(reader, record).trajectory.steps;

describe("every reader", () => {
  it("takes any JSON value without an exception", () => {
    const keys = [
      "messages",
      "conversations",
      "chains",
      "answer_generation",
      "train_messages",
      "tools",
      "role",
      "from",
    ];
    const value = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom(
          "user",
          "assistant",
          "tool",
          "function",
          "caller",
          "system",
          "Finish",
          "{",
          null,
          1,
          true,
          "",
        ),
        fc.array(tie("tree"), { maxLength: 4 }),
        fc.dictionary(
          fc.constantFrom(
            ...keys,
            "content",
            "value",
            "function_call",
            "tool_calls",
            "name",
            "arguments",
            "query",
          ),
          tie("tree"),
        ),
      ),
    })).tree;
    fc.assert(
      fc.property(value, fc.constantFrom(...READERS), (record, reader) => {
        reader.detect(record);
        reader.read(record, place);
      }),
      { numRuns: 2000 },
    );
  });
});

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
    const { trajectory, sourceId } = read(openai, record);
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
    const { trajectory, hasTools } = read(openai, {
      ...chat({ role: "assistant", content: "a" }),
      tools: python,
    });
    expect([trajectory.tools, hasTools]).toMatchObject([[{ name: "weather" }], true]);
    const broken = { ...chat({ role: "assistant", content: "a" }), tools: "[{'name': " };
    expect(openai.read(broken, place)).toMatchObject({ kind: "rejected", reason: "broken_tools" });
    expect(read(openai, { ...broken, tools: "null" }).hasTools).toBe(false);
    const answers = answerFile(finish({ return_type: "give_answer", final_answer: "7" }));
    const inText = { answer_generation: { ...answers.answer_generation, function: "<tools>" } };
    expect(toolbench.read(inText, place)).toMatchObject({ reason: "broken_tools" });
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
    expect(read(openai, record).lost).toEqual({ result_without_call: 1 });
  });
});

describe("texts without a call", () => {
  const words = { role: "assistant", content: "Unwanted.", weight: 0 };
  const act = { role: "assistant", content: "Look.", tool_calls: [call("{}")] };

  it("does not train on a text of weight 0 with the act that follows", () => {
    const record = chat(words, { role: "assistant", content: "Wanted." }, act);
    expect(stepsOf(openai, record)).toMatchObject([{ kind: "call", thought: "Wanted.\nLook." }]);
    expect(read(openai, record).lost).toEqual({ text_without_act: 1 });
    const unweighted = chat(words, { ...act, weight: 0 });
    expect(stepsOf(openai, unweighted)).toMatchObject([
      { thought: "Unwanted.\nLook.", untrained: "weight_zero" },
    ]);
    const reasoned = chat({ ...words, reasoning_content: "Hm." }, act);
    expect(stepsOf(openai, reasoned)).toMatchObject([{ thought: "Look." }]);
    expect(read(openai, reasoned).lost).toEqual({ text_without_act: 2 });
  });

  it("does not carry a thought over a user's turn", () => {
    const conversations = [
      { from: "user", value: "q" },
      { from: "assistant", value: "Old." },
      { from: "user", value: "Again." },
      { from: "assistant", value: "New.\n Next: give up." },
    ];
    const { trajectory, lost } = read(alphaUmi2, { tools: [], conversations });
    expect(trajectory.steps).toEqual([
      { kind: "user", text: "Again." },
      { kind: "give_up", thought: "New." },
    ]);
    expect(lost).toEqual({ text_without_act: 1 });
  });
});

const finish = (args: unknown, content: string | null = null) => ({
  role: "assistant",
  content,
  function_call: { name: "Finish", arguments: args },
});
const answerFile = (...messages: object[]) => ({
  answer_generation: {
    query: "q",
    function: [{ name: "weather", description: "d", parameters: {} }, { name: "Finish" }],
    train_messages: [
      [],
      [{ role: "system", content: "s" }, { role: "user", content: "\nq\nBegin!\n" }, ...messages],
    ],
  },
});

describe("toolbench", () => {
  it("takes the last path, its id from the file and its group from the folder", () => {
    const { trajectory, sourceId } = read(
      toolbench,
      answerFile(finish({ return_type: "give_up_and_restart" }, "No.")),
    );
    expect(trajectory).toMatchObject({
      instruction: "q",
      tools: [{ name: "weather" }],
      steps: [{ kind: "give_up", thought: "No." }],
    });
    expect(sourceId).toBe("G1:10");
    expect(read(toolbench, { id: "train-7", ...answerFile() }).sourceId).toBe("train-7");
  });

  it.each([
    ['{"return_type": "give_answer", "final_answer": "7"}', { kind: "answer", answer: "7" }],
    [
      '{"return_type": "give_answer", "final_answer": "two\nlines"}',
      { kind: "answer", answer: "two\nlines" },
    ],
    ['{"final_answer": "7"', { kind: "answer", answer: "7" }],
    ['{"final_answer": {"degrees": 7}}', { kind: "answer", answer: '{"degrees":7}' }],
    ['{"final_answer": 12345678901234567890}', { kind: "answer", answer: "12345678901234567890" }],
    ['{"return_type": "give_up_and_restart"', { kind: "give_up" }],
    [
      '{"return_type": "give_answer", "final_answer": "It is 7 and',
      { kind: "answer", untrained: "cut_answer" },
    ],
    ['{"return_type": "give_answer"}', { kind: "answer", untrained: "no_answer" }],
    ["who knows", { kind: "answer", untrained: "broken_arguments" }],
  ])("reads Finish with %j", (args, expected) => {
    expect(stepsOf(toolbench, answerFile(finish(args)))).toMatchObject([expected]);
    const step = stepsOf(toolbench, answerFile(finish(args)))[0];
    expect(step !== undefined && "untrained" in step).toBe("untrained" in expected);
  });

  it.each([
    ['{"error": "", "response": "7"}', "7"],
    ['{"error": "503", "response": ""}', "error: 503"],
    ['{"error": "x", "response": "y"}', "error: x\ny"],
    ['{"error": "", "response": "a \\"b\\" \\u00e9 cut...', 'a "b" é cut...'],
    ['{"error": "", "response": [1]}', "[1]"],
    [
      '{"error": "", "response": {"id": 12345678901234567890, "x": 1.0}}',
      '{"id":12345678901234567890,"x":1.0}',
    ],
    ["plain", "plain"],
  ])("reads the result %j", (content, observation) => {
    const messages = [
      { role: "assistant", function_call: { name: "weather", arguments: "{}" } },
      { role: "function", name: "weather", content },
    ];
    expect(stepsOf(toolbench, answerFile(...messages))).toMatchObject([{ observation }]);
  });

  it("rejects a file without a path", () => {
    expect(toolbench.read({ answer_generation: { train_messages: [] } }, place)).toMatchObject({
      reason: "no_path",
    });
  });
});

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
    const { trajectory, sourceId } = read(
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

describe("alpha-umi", () => {
  const tools = [{ Name: "weather", function: "d", input: { city: "string, name, in full", n: "integer" } }];

  it("reads stage 1, its tools as JSON Schema", () => {
    const chains = [
      { role: "system" },
      { role: "user", content: "q" },
      finish({ return_type: "give_answer", final_answer: "7" }),
    ];
    expect(read(alphaUmi1, { tools, instruction: "q", chains }).trajectory).toEqual({
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
});

describeWithSharedData("real files", () => {
  const load = (path: string): unknown => JSON.parse(readFileSync(sharedData(path), "utf8"));

  it("gives the same trajectories from stage 1 and stage 2 of the reference, but for what stage 2 lost", () => {
    const first = load("golden/openbmb-data-example/raw_data_stage_1.json") as unknown[];
    const second = load("golden/openbmb-data-example/raw_data_stage_2.json") as unknown[];
    first.forEach((record, index) => {
      const kinds = (steps: Step[]) => steps.map((step) => step.kind);
      expect(kinds(stepsOf(alphaUmi1, record))).toEqual(kinds(stepsOf(alphaUmi2, second[index])));
    });
  });

  it.each([
    ["golden/alpha-umi-shipped/raw_data_stage_1.json", "alpha-umi-1"],
    ["golden/alpha-umi-shipped/raw_data_stage_2.json", "alpha-umi-2"],
    ["golden/out-of-domain-100/out_of_domain_100.json", "alpha-umi-2"],
    ["toolllama/generated_from_data_example_G2.json", "toolllama"],
    ["toolllama/real_rows_0_1_of_train.json", "toolllama"],
    ["openai-messages/tau-bench-gpt-4o-airline.first20.json", "openai"],
  ])("knows the format of %s", (path, format) => {
    const [record] = load(path) as unknown[];
    expect(READERS.find((reader) => reader.detect(record))?.format).toBe(format);
  });
});
