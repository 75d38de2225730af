import type { MllmError } from "../core/errors.js";
import type { Readiness } from "../providers/provider.js";
import type { PlannedJob } from "../training/plan-training.js";
import { checkWritable } from "./check-writable.js";
import type { Workspace } from "./workspace.js";

export interface StartCheck {
  readiness: Readiness;
  /** Every problem of the plan and the state folder once, however many jobs have it. */
  problems: MllmError[];
}

/** All that can keep a plan from starting. The dry run and the real one ask here, so that they cannot disagree. */
export async function checkStart(
  { provider, stateFolder }: Workspace,
  plan: readonly PlannedJob[],
): Promise<StartCheck> {
  const readiness = await provider.check({ gpus: Math.max(0, ...plan.map(({ job }) => job.gpus)) });
  const problems = [...plan.flatMap((planned) => planned.problems), ...(await checkWritable(stateFolder))];
  return { readiness, problems: [...new Map(problems.map((each) => [each.message, each])).values()] };
}
