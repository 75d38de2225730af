import { describe, expect, it } from "@jest/globals";
import { parseRecord } from "../parse-record.js";
import { openai } from "../readers/openai.js";
import { withCategory } from "./record-category.js";
import { traitsOf } from "./traits-of.js";

const read = (record: object) => {
  const { value } = parseRecord(Buffer.from(JSON.stringify(record)));
  const result = withCategory(openai.read(value, { file: "in.jsonl", index: 0 }) as never, value);
  if (result.kind !== "trajectory") throw new Error(result.detail);
  return traitsOf(result);
};

const call = (name: string) => ({
  role: "assistant",
  tool_calls: [{ function: { name, arguments: "{}" } }],
});

describe("traitsOf", () => {
  const record = {
    ...{ category: "Maps", tools: [{ name: "b" }, { name: "a" }] },
    messages: [{ role: "user", content: "q" }],
  };

  it("names each tool that is offered or called once, and the one called first", () => {
    const calls = ["invalid_hallucination_function_name", "c", "a"].map(call);
    expect(read({ ...record, messages: [...record.messages, ...calls] })).toEqual({
      ...{ instruction: "q", tools: ["a", "b", "c"], firstTool: "c", category: "Maps" },
    });
  });

  it("takes the first tool offered where none is called, and no category where none is told", () => {
    const messages = [...record.messages, { role: "assistant", content: "a" }];
    const { category: _, ...others } = record;
    expect(read({ ...others, messages })).toMatchObject({ firstTool: "b", category: null });
    expect(read({ messages })).toMatchObject({ tools: [], firstTool: "" });
  });
});
