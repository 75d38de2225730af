import type { Step } from "../core/trajectory.js";

export type Decision = Exclude<Step["kind"], "user">;

/** What the planner decided; null where it wrote nothing, or could not be asked. */
export function decisionOf(step: Step): Decision | null {
  if (step.kind === "user") return null;
  if (step.kind !== "give_up" || step.untrained === undefined) return step.kind;
  // The planner let the summarizer answer, and that wrote nothing.
  return step.untrained === "empty_answer" ? "answer" : null;
}

/** The tool that a step calls; null where it calls none, or where its text could not be read as a call. */
export function toolOf(step: Step): string | null {
  if (step.kind !== "call" || step.untrained === "unreadable_call" || step.call.name === "") return null;
  return step.call.name;
}
