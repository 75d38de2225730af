import type { Step, Trajectory } from "../../core/trajectory.js";
import type { Policies } from "./policies.js";

type StepPolicies = Pick<
  Policies,
  "parallelCalls" | "missingThoughts" | "midDialogueText" | "undeclaredCalls"
>;

interface Marked {
  steps: Step[];
  /** Why the record is rejected; null where it is not. */
  fault: { reason: string; detail: string } | null;
}

/** Applies what the user wants done with odd steps. `parallel`: steps whose call came in one message with the call before. */
export function markSteps(
  { steps }: Pick<Trajectory, "steps">,
  parallel: readonly number[],
  policies: StepPolicies,
): Marked {
  if (policies.parallelCalls === "reject" && parallel.length > 0) {
    return { steps, fault: { reason: "parallel_calls", detail: "a message holds several calls" } };
  }
  if (policies.undeclaredCalls === "reject") {
    const call = steps.find((step) => step.kind === "call" && step.untrained === "hallucinated_call");
    if (call?.kind === "call") {
      const detail = `${JSON.stringify(call.call.name)} is not among the tools`.slice(0, 200);
      return { steps, fault: { reason: "undeclared_call", detail } };
    }
  }
  const together =
    policies.parallelCalls === "context" ? new Set(parallel.flatMap((at) => [at - 1, at])) : null;
  const lastUser = policies.midDialogueText === "context" ? steps.findLastIndex(isUser) : -1;
  return {
    fault: null,
    steps: steps.map((step, index) => {
      if (step.kind === "user" || step.untrained !== undefined) return step;
      if (together?.has(index)) return { ...step, untrained: "parallel_call" };
      if (step.kind === "answer" && index < lastUser) return { ...step, untrained: "mid_dialogue_text" };
      return policies.missingThoughts === "context" && step.thought === "" && step.unplanned === undefined
        ? { ...step, unplanned: "no_thought" }
        : step;
    }),
  };
}

function isUser(step: Step): boolean {
  return step.kind === "user";
}
