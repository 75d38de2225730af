import { describe, expect, it } from "@jest/globals";
import { readOne, readParts, stepsOf } from "../../../test/read-one.js";
import { toolalpaca } from "./toolalpaca.js";
import { toolalpacaEval } from "./toolalpaca-eval.js";

const api = {
  Name: "Cats",
  Function_Description: {
    getCat:
      'Gets a cat.\nParameters: {"id": "Required. integer. The cat\'s number.", "tags": "Array[string]. Any tags.", "size": "string. "}\nOutput: A cat.\n - Format: application/json',
    components: "",
  },
};
const step = (action: string, input: string, thought: string, observation: string) => [
  [action, input, ` ${thought}\nAction: ${action}\nAction Input: ${input}`],
  observation,
];
const instance = {
  input: "Show me a cat.\nHint: use getCat",
  output: "Here it is.",
  "Final Thought": "I have it.",
  intermediate_steps: [
    step("getDetails", '{"Question": "Which one?"}', "I need its number.", "The third."),
    step("getCat", '{"id": 3}', "Now I can ask.", "Status Code: 200. Response: {}"),
  ],
};

describe("toolalpaca", () => {
  it("reads an API's functions as tools", () => {
    expect(readOne(toolalpaca, { ...api, Instances: [instance] }).trajectory.tools).toEqual([
      {
        name: "getCat",
        description: "Gets a cat.\nOutput: A cat.\n - Format: application/json",
        parameters: {
          type: "object",
          properties: {
            id: { type: "integer", description: "The cat's number." },
            tags: { type: "array", description: "[string]. Any tags." },
            size: { type: "string" },
          },
          required: ["id"],
        },
      },
    ]);
  });

  it("makes steps, the question to the user among them, and leaves the hint out", () => {
    const { trajectory } = readOne(toolalpaca, { ...api, Instances: [instance] });
    expect(trajectory.instruction).toBe("Show me a cat.");
    expect(trajectory.steps).toEqual([
      { kind: "answer", thought: "I need its number.", answer: "Which one?" },
      { kind: "user", text: "The third." },
      {
        kind: "call",
        thought: "Now I can ask.",
        call: { name: "getCat", arguments: '{"id": 3}' },
        observation: "Status Code: 200. Response: {}",
      },
      { kind: "answer", thought: "I have it.", answer: "Here it is." },
    ]);
  });

  it("keeps results that are no text", () => {
    const steps = [[["getCat", "{}", "Ask."], { cat: [1] }]];
    const record = { ...api, Instances: [{ ...instance, intermediate_steps: steps }] };
    expect(stepsOf(toolalpaca, record)[0]).toMatchObject({ observation: '{"cat":[1]}' });
  });

  it("gives a result for each instance, with the instance it is of", () => {
    const Instances = [instance, { error: "no output" }, "text", { ...instance, input: " " }];
    expect(
      readParts(toolalpaca, { ...api, Instances }).map((read) =>
        read.kind === "trajectory" ? "used" : read.reason,
      ),
    ).toEqual(["used", "no_path", "no_path", "no_instruction"]);
    const parts = toolalpaca.read({ ...api, Instances }, { file: "in.json", index: 0 });
    expect(parts).toMatchObject([
      { value: instance },
      { value: { error: "no output" } },
      { value: "text" },
      {},
    ]);
  });

  it("does not train on an agent that was stopped", () => {
    const stopped = {
      ...instance,
      output: "Agent stopped due to iteration limit or time limit.",
      "Final Thought": "",
    };
    expect(stepsOf(toolalpaca, { ...api, Instances: [stopped] }).at(-1)).toMatchObject({
      kind: "answer",
      untrained: "no_answer",
    });
  });
});

describe("toolalpaca-eval", () => {
  const record = {
    ...api,
    Instructions: ["One.", "Two.", "", "Four."],
    Golden_Answers: [
      [{ Action: "getCat", Action_Input: '{"id": 1}' }],
      [
        { Action: "getDetails", Action_Input: '{"Question": "Which?"}' },
        { Action: "getCat", Action_Input: '{"id": \u0024{id}}' },
      ],
      [],
    ],
  };

  it("gives the caller its calls, and the planner nothing", () => {
    expect(stepsOf(toolalpacaEval, record)).toEqual([
      {
        kind: "call",
        thought: "",
        call: { name: "getCat", arguments: '{"id": 1}' },
        observation: null,
        unplanned: "no_thought",
      },
    ]);
  });

  it("tells questions to the user and placeholders from calls", () => {
    const [, second, third, fourth] = readParts(toolalpacaEval, record);
    expect(second).toMatchObject({
      trajectory: { steps: [{ untrained: "question_to_user" }, { untrained: "broken_arguments" }] },
    });
    expect([third, fourth]).toMatchObject([{ reason: "no_instruction" }, { reason: "no_call" }]);
  });
});
