import { z } from "zod";
import type { AgentEvent, AgentResult } from "../../agent/agent-event.js";
import { hasFailed } from "../../core/has-failed.js";
import { ROLES } from "../../core/roles.js";
import type { Step, Tool } from "../../core/trajectory.js";
import { Item } from "../item.js";

/** What was done about a task, by an agent of ours or by any other model. */
export const Attempt = z.object({
  /** `limit` also where it just ended. */
  outcome: z.enum(["answered", "gave_up", "limit"]),
  answer: z.string().nullable(),
  /** Why it gave up, or which limit ended it; null where nobody knows. */
  reason: z.string().nullable(),
  steps: Item.shape.prediction,
  /** Of tools, also on ways that were left again; calls that could not be run count. */
  calls: z.int().nonnegative(),
  failedCalls: z.int().nonnegative(),
  /** All that was written; null where nobody counted. */
  completionTokens: z.int().nonnegative().nullable(),
});
export type Attempt = z.infer<typeof Attempt>;

/** An attempt, and what it had to work with. */
export interface Tried {
  /** Null where there is none. */
  attempt: Attempt | null;
  tools: readonly Tool[];
}

/** What an agent's events and its result come to. */
export function toAttempt(events: readonly AgentEvent[], result: AgentResult): Attempt {
  const { outcome, answer, reason, steps, usage } = result;
  const observed = events.filter((event) => event.type === "observed");
  return {
    ...{ outcome, answer, reason, steps },
    calls: events.filter(({ type }) => type === "called").length,
    failedCalls: observed.filter(({ isError }) => isError).length,
    completionTokens: ROLES.reduce((sum, role) => sum + usage[role].completionTokens, 0),
  };
}

/** The attempt that recorded steps are; a call failed where its tool is shown to have said so. */
export function attemptOfSteps(steps: readonly Step[], completionTokens: number | null = null): Attempt {
  const last = steps.at(-1);
  const calls = steps.filter((step) => step.kind === "call");
  return {
    outcome: last?.kind === "answer" ? "answered" : last?.kind === "give_up" ? "gave_up" : "limit",
    answer: last?.kind === "answer" ? last.answer : null,
    reason: null,
    steps: [...steps],
    calls: calls.length,
    failedCalls: calls.filter(({ observation }) => observation !== null && hasFailed(observation)).length,
    completionTokens,
  };
}
