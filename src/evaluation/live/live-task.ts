import type { AgentResult } from "../../agent/agent-event.js";

/** Something to be done with tools that run. */
export interface LiveTask {
  id: string;
  instruction: string;
  /** Names of the tools that it may use, in the order they are offered; null: all that there are. */
  tools: readonly string[] | null;
  /** The very answer; null where giving up is right; not checked where it is absent. */
  expected?: string | null;
  /** Counted apart. */
  group: string | null;
}

/** Null where nobody said what would be right. */
export function isSolved(
  { expected }: Pick<LiveTask, "expected">,
  { outcome, answer }: Pick<AgentResult, "outcome" | "answer">,
): boolean | null {
  if (expected === undefined) return null;
  return expected === null ? outcome === "gave_up" : answer?.trim() === expected.trim();
}
