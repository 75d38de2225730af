import { describe, expect, it } from "@jest/globals";
import type { Step, Trajectory } from "../../core/trajectory.js";
import { digestTrajectory } from "./digest.js";

const call: Step = {
  kind: "call",
  thought: "t",
  call: { name: "f", arguments: "{}" },
  observation: "o",
};
const tool = { name: "f", description: "d", parameters: { type: "object" } };

function digest(changed: Partial<Trajectory>): number {
  return digestTrajectory({ instruction: "q", tools: [tool], steps: [call], ...changed });
}

describe("digestTrajectory", () => {
  it("is equal for equal trajectories, in whatever order their keys stand", () => {
    const { observation, ...others } = call;
    expect(digest({ steps: [{ observation, ...others }] })).toBe(digest({}));
  });

  it("tells apart whatever differs, also by where one text ends and the next begins", () => {
    const variants: Partial<Trajectory>[] = [
      {},
      { instruction: "qf", tools: [{ ...tool, name: "" }] },
      { tools: [] },
      { tools: [tool, tool] },
      { tools: [{ ...tool, parameters: {} }] },
      { steps: [{ ...call, observation: null }] },
      { steps: [{ ...call, observation: "" }] },
      { steps: [{ ...call, untrained: "a_b" }] },
      { steps: [{ ...call, unplanned: "a_b" }] },
      { steps: [{ ...call, call: { name: "f{", arguments: "}" } }] },
      { steps: [{ kind: "answer", thought: "t", answer: "o" }] },
      { steps: [{ kind: "give_up", thought: "to" }] },
      { steps: [{ kind: "user", text: "to" }] },
      { instruction: "\ud800" },
      { instruction: "\udc00" },
      { instruction: "\ufffd" },
    ];
    expect(new Set(variants.map(digest)).size).toBe(variants.length);
  });
});
