import { describe, expect, it } from "@jest/globals";
import { readOne, stepsOf } from "../../../test/read-one.js";
import { readBracketCalls } from "./bracket-calls.js";
import { readArguments } from "./call-arguments.js";
import { toolace } from "./toolace.js";

const callsIn = (text: string, names: string[] = []) =>
  readBracketCalls(text, names)?.map(
    ({ name, arguments: recorded, fault }) => fault ?? [name, readArguments(recorded).text],
  ) ?? null;

describe("readBracketCalls", () => {
  it.each([
    [
      '[Market Trends API(trend_type="INDEXES", country="us")]',
      [["Market Trends API", '{"trend_type":"INDEXES","country":"us"}']],
    ],
    [
      "[a(), b.c(x=1.0, y=True, z=null)]",
      [
        ["a", "{}"],
        ["b.c", '{"x":1.0,"y":true,"z":null}'],
      ],
    ],
    ['[a(q="x, y) ] (", l=[{"k": 1}, \'z\'])]', [["a", '{"q":"x, y) ] (","l":[{"k":1},"z"]}']]],
    ["[a(x=unquoted)]", ["broken_call"]],
    ["[a(1, 2)]", ["broken_call"]],
  ])("reads %s", (text, calls) => {
    expect(callsIn(text)).toEqual(calls);
  });

  it("knows names with parentheses among the tools", () => {
    expect(callsIn("[Get (by id)(id=3)]", ["Get", "Get (by id)"])).toEqual([["Get (by id)", '{"id":3}']]);
  });

  it("takes a cut call of a tool for none to train on, and not for an answer", () => {
    expect(callsIn('[Get Cat(id=3), Get Dog(name="Re', ["Get Cat"])).toEqual(["broken_call"]);
    expect(callsIn("[Get Cat](http://x) is a page", ["Get Cat"])).toBeNull();
  });

  it.each(["", "hello", "[1, 2]", "[see below]", "1. **S&P (500)** [x]", '["a(b)"]', "[link](http://x)"])(
    "takes %j for no call",
    (text) => {
      expect(readBracketCalls(text, [])).toBeNull();
    },
  );
});

const system =
  'Functions:\n[{"name": "Some API", "description": "d", "parameters": {"type": "dict", "properties": {"n": {"type": "int"}}, "required": ["n"]}, "required": null}].\nPut calls in the format of [func1(a=b)]';
const row = (...turns: [string, string][]) => ({
  system,
  conversations: [["user", "q"], ...turns].map(([from, value]) => ({ from, value })),
});

describe("toolace", () => {
  it("reads parallel calls, their named results, and the answer", () => {
    const record = row(
      ["assistant", "[Some API(n=1), Some API(n=2)]"],
      ["tool", '[{"name": "Some API", "results": {"a": 1}}, {"name": "Some API", "results": "two"}]'],
      ["assistant", "1. One [sic]"],
    );
    const { trajectory } = readOne(toolace, record);
    expect(trajectory.instruction).toBe("q");
    expect(trajectory.tools).toEqual([
      {
        name: "Some API",
        description: "d",
        parameters: { type: "object", properties: { n: { type: "integer" } }, required: ["n"] },
      },
    ]);
    expect(trajectory.steps).toMatchObject([
      { call: { name: "Some API", arguments: '{"n":1}' }, observation: '{"a":1}' },
      { call: { name: "Some API", arguments: '{"n":2}' }, observation: "two" },
      { kind: "answer", answer: "1. One [sic]" },
    ]);
  });

  it("is known by its system text or its calls, and not taken for ToolLLaMA or ShareGPT", () => {
    expect(toolace.detect(row(["assistant", "Which one?"]))).not.toBeNull();
    expect(toolace.detect({ ...row(["assistant", "[a(b=1)]"]), system: "" })).not.toBeNull();
    expect(toolace.detect({ ...row(["assistant", "Hi."]), system: "Be brief." })).toBeNull();
  });

  it("rejects tools that cannot be read, and checks no calls where there are none", () => {
    const broken = { ...row(["assistant", "a"]), system: '[{"name": ' };
    expect(toolace.read(broken, { file: "in.json", index: 0 })).toMatchObject({ reason: "broken_tools" });
    const bare = { ...row(["assistant", "[any(b=1)]"]), system: "" };
    expect(readOne(toolace, bare).hasTools).toBe(false);
    expect(stepsOf(toolace, bare)[0]).not.toHaveProperty("untrained");
  });
});
