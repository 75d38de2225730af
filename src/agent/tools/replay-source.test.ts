import { describe, expect, it } from "@jest/globals";
import type { Trajectory } from "../../core/trajectory.js";
import { createToolBox } from "./create-tool-box.js";
import { createReplaySource } from "./replay-source.js";

const { signal } = new AbortController();
const tool = (name: string) => ({
  name,
  description: name,
  parameters: { type: "object", required: ["never"] },
});

function trajectory(id: string, calls: [string, string, string | null][]): Trajectory {
  const steps = calls.map(([name, text, observation]) => ({
    kind: "call" as const,
    thought: "",
    call: { name, arguments: text },
    observation,
  }));
  return { id, instruction: "", tools: [...new Set(calls.map(([name]) => name))].map(tool), steps };
}

describe("createReplaySource", () => {
  const box = createToolBox([
    createReplaySource([
      trajectory("1", [
        ["read", '{"a":1,"b":{"c":[1],"d":2}}', "first"],
        ["read", '{"b": {"d": 2, "c": [1]}, "a": 1}', "second"],
        ["time", "", "12:00"],
        ["time", "{broken", "never found"],
        ["time", '{"x":1}', null],
      ]),
      trajectory("2", [["read", '{"a":2}', "error: not found"]]),
    ]),
  ]);
  const ask = (name: string, text: string) => box.call({ name, arguments: text }, { signal });

  it("offers every recorded tool once", () => {
    expect(box.tools.map(({ name, isRepeatable }) => [name, isRepeatable])).toEqual([
      ["read", true],
      ["time", true],
    ]);
  });

  it("gives what was recorded in its order, whatever the order of keys, and the last again", async () => {
    const texts = [];
    for (let count = 0; count < 3; count++)
      texts.push((await ask("read", '{"b":{"c":[1],"d":2},"a":1}')).text);
    expect(texts).toEqual(["first", "second", "second"]);
    expect(await ask("time", "{}")).toEqual({ text: "12:00", isError: false });
  });

  it("keeps recorded errors errors", async () => {
    expect(await ask("read", '{"a":2}')).toEqual({ text: "error: not found", isError: true });
  });

  it.each([
    ["read", '{"a":"1","b":{"c":[1],"d":2}}'],
    ["time", '{"x":1}'],
    ["time", '{"y":1}'],
  ])("says that nothing was recorded for %s %s", async (name, text) => {
    expect(await ask(name, text)).toEqual({
      text: "error: nothing was recorded for this call",
      isError: true,
    });
  });
});
