import { describe, expect, it } from "@jest/globals";
import type { Step } from "../../core/trajectory.js";
import { samplesOf } from "./step-sample.js";

const call = (name: string, more = {}): Step => ({
  ...{ kind: "call", thought: "", call: { name, arguments: "{}" }, observation: "ok" },
  ...more,
});

describe("samplesOf", () => {
  it("gives each trained step what stood before it; the rest is context", () => {
    const steps: Step[] = [
      call("a"),
      call("b", { untrained: "hallucinated_call" }),
      { kind: "user", text: "and?" },
      { kind: "answer", thought: "", answer: "yes" },
    ];
    const samples = samplesOf({ id: "t", instruction: "why?", tools: [], steps }, "seen");
    expect(samples.map(({ id, stepsBefore }) => [id, stepsBefore.length])).toEqual([
      ["t#1", 0],
      ["t#4", 3],
    ]);
    expect(samples[1]).toMatchObject({
      trajectoryId: "t",
      group: "seen",
      instruction: "why?",
      reference: steps[3],
    });
  });
});
