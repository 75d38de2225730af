import { HALLUCINATED } from "../readers/chat-steps.js";
import type { ReadTrajectory } from "../readers/reader.js";
import type { Traits } from "./side.js";

/** Where nothing but the instruction decides. */
export function bareTraits(instruction: string): Traits {
  return { instruction, tools: [], firstTool: "", category: null };
}

/** What of a trajectory decides its side. A call of no tool at all names none. */
export function traitsOf({ trajectory, category }: ReadTrajectory): Traits {
  const { instruction, tools, steps } = trajectory;
  const offered = tools.map(({ name }) => name);
  const called = steps.flatMap((step) =>
    step.kind === "call" && step.call.name !== HALLUCINATED && step.call.name !== "" ? [step.call.name] : [],
  );
  return {
    instruction,
    tools: [...new Set([...offered, ...called])].sort(),
    firstTool: called[0] ?? offered[0] ?? "",
    category: category ?? null,
  };
}
