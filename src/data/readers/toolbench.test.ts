import { describe, expect, it } from "@jest/globals";
import { stepsOf } from "../../../test/read-one.js";
import type { ReadTrajectory } from "./reader.js";
import { toolbench } from "./toolbench.js";

const place = { file: "G1_answer/10_ChatGPT_DFS_woFilter_w2.json", index: 0 };

function read(record: unknown): ReadTrajectory {
  const result = toolbench.read(record, place);
  if (result.kind !== "trajectory") throw new Error(`${result.reason}: ${result.detail}`);
  return result;
}

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
    const { trajectory, sourceId } = read(answerFile(finish({ return_type: "give_up_and_restart" }, "No.")));
    expect(trajectory).toMatchObject({
      instruction: "q",
      tools: [{ name: "weather" }],
      steps: [{ kind: "give_up", thought: "No." }],
    });
    expect(sourceId).toBe("G1:10");
    expect(read({ id: "train-7", ...answerFile() }).sourceId).toBe("train-7");
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

  it("rejects a file whose tools are a text that is no list", () => {
    const answers = answerFile(finish({ return_type: "give_answer", final_answer: "7" }));
    const inText = { answer_generation: { ...answers.answer_generation, function: "<tools>" } };
    expect(toolbench.read(inText, place)).toMatchObject({ reason: "broken_tools" });
  });

  it("reads contents that are lists of parts", () => {
    const parts = (...texts: string[]) => texts.map((text) => ({ type: "text", text }));
    const messages = [
      { role: "user", content: parts("Now", " go.") },
      {
        ...{ role: "assistant", content: [...parts("Look."), { type: "image" }] },
        function_call: { name: "weather", arguments: "{}" },
      },
      { role: "function", name: "weather", content: parts('{"error": "", ', '"response": "7"}') },
      { ...finish({ return_type: "give_up_and_restart" }), content: parts("No.") },
    ];
    expect(stepsOf(toolbench, answerFile(...messages))).toMatchObject([
      { kind: "user", text: "Now go." },
      { kind: "call", thought: "Look.", observation: "7" },
      { kind: "give_up", thought: "No." },
    ]);
  });
});
