import { MllmError } from "../core/errors.js";
import type { JobSpec } from "../core/job-spec.js";
import { ACTIVE_STATES } from "../core/job-state.js";
import type { Quote } from "../providers/provider.js";
import type { Job, Run } from "../state/rows.js";
import type { State } from "../state/state.js";
import { nextAttempt } from "./create-submission.js";
import { type BudgetPlan, type JobBudget, planBudget } from "./plan-budget.js";

interface QuotedJob {
  spec: JobSpec;
  quote: Quote;
  expectedSeconds: number | null;
}

export interface RunBudget extends BudgetPlan {
  /** What all jobs and attempts of the run together may cost; null where nobody set a limit. */
  maxDollars: number | null;
  /** What they have cost so far, as far as is known. */
  spentDollars: number;
  /** What those at work may still cost under their own deadlines. */
  heldDollars: number;
}

/** `queued` and `running` jobs are paid for under the deadline that they got; what has succeeded costs no more. */
const SETTLED_STATES = ["succeeded", "queued", "running"] as const;

export function isPaidFor(state: Pick<State, "listJobs"> | null, jobKey: string): boolean {
  return (state?.listJobs({ work: jobKey, states: SETTLED_STATES }) ?? []).length > 0;
}

/** Shares what is left of a run's budget among the jobs that are still to be started. */
export function budgetRun(
  state: Pick<State, "listJobs"> | null,
  run: Pick<Run, "id"> | null,
  { jobs, maxDollars }: { jobs: readonly QuotedJob[]; maxDollars: number | null },
): RunBudget {
  const rows = run === null ? [] : (state?.listJobs({ runId: run.id }) ?? []);
  const open = jobs.filter(({ spec }) => !isPaidFor(state, spec.jobKey));
  const openKeys = new Set(open.map(({ spec }) => spec.jobKey));
  const spentDollars = sum(rows.map((row) => row.dollarsBefore + (row.dollars ?? 0)));
  const atWork = rows.filter(
    ({ state: now, jobKey }) => ACTIVE_STATES.some((active) => active === now) && !openKeys.has(jobKey),
  );
  const heldDollars = sum(atWork.map((row) => Math.max(0, (limitOf(row) ?? 0) - (row.dollars ?? 0))));
  const left = maxDollars === null ? null : Math.max(0, maxDollars - spentDollars - heldDollars);
  const priced = open.map(({ spec, quote, expectedSeconds }) => ({
    ...{ jobKey: spec.jobKey, quote, expectedSeconds, maxSeconds: spec.deadlineSeconds },
    spentDollars: nextAttempt(state, spec).dollarsBefore,
  }));
  const plan = planBudget(priced, left);
  // Should their machines be taken away, they go on within what they got.
  const ofThoseAtWork = atWork.map((row): [string, JobBudget] => {
    const limit = maxDollars === null ? null : limitOf(row);
    const maxDollarsOfRow = limit === null ? null : row.dollarsBefore + limit;
    return [row.jobKey, { dollarsPerHour: row.dollarsPerHour, maxDollars: maxDollarsOfRow }];
  });
  const budgets = new Map([...ofThoseAtWork, ...plan.budgets]);
  const problem = plan.problem === null ? null : mentionHeld(plan.problem, heldDollars);
  return { ...plan, budgets, problem, maxDollars, spentDollars, heldDollars };
}

/** What this attempt may cost at most; null where it has no price by the hour. */
function limitOf({ dollarsPerHour, spec }: Job): number | null {
  const { deadlineSeconds } = spec;
  if (dollarsPerHour === null || typeof deadlineSeconds !== "number") return null;
  return (dollarsPerHour * deadlineSeconds) / 3600;
}

function mentionHeld(problem: MllmError, heldDollars: number): MllmError {
  if (heldDollars === 0) return problem;
  const message = `${problem.message}; $${heldDollars.toFixed(2)} is set aside for jobs at work`;
  return new MllmError(problem.code, message, { hint: `Wait for those, or: ${problem.hint ?? ""}` });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
