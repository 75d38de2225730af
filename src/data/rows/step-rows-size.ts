import type { Step, Trajectory } from "../../core/trajectory.js";

/** What the rows of one record may have together. Long agents' records of use stay far below. */
export const MAX_ROWS_CHARACTERS = 256 * 1024 * 1024;

/** About how many characters the rows of single steps have together: each holds the tools and all that came before. */
export function estimateStepRows({ instruction, tools, steps }: Omit<Trajectory, "id">): number {
  let before = instruction.length + JSON.stringify(tools).length;
  let total = 0;
  for (const step of steps) {
    before += lengthOf(step);
    // The backbone's row, the planner's, and the caller's or the summarizer's.
    if (step.kind !== "user") total += 3 * before;
  }
  return total;
}

function lengthOf(step: Step): number {
  switch (step.kind) {
    case "user":
      return step.text.length;
    case "answer":
      return step.thought.length + step.answer.length;
    case "give_up":
      return step.thought.length;
    default:
      return step.thought.length + step.call.arguments.length + (step.observation?.length ?? 0);
  }
}
