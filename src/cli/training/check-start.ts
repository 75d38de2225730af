import { MllmError } from "../../core/errors.js";
import type { Quote, Submission } from "../../providers/provider.js";
import type { Estimate } from "../../recipe/estimate.js";
import type { LoadedRecipe } from "../../recipe/load-recipe.js";
import { resolveResources } from "../../recipe/resolve-resources.js";
import { budgetRun, isPaidFor, type RunBudget } from "../../training/budget-run.js";
import { createSubmission, nextAttempt } from "../../training/create-submission.js";
import type { PlannedJob } from "../../training/planned-job.js";
import { checkWritable } from "../check-writable.js";
import type { Workspace } from "../workspace.js";
import type { ProviderChoices } from "./choose-provider.js";

export interface StartRequest {
  loaded: LoadedRecipe;
  plan: readonly PlannedJob[];
  /** What a job is expected to take; asked for where something depends on it. */
  estimate(planned: PlannedJob): Promise<Estimate>;
  choices: ProviderChoices;
  /** US dollars from the command line. */
  maxCost: number | undefined;
}

export interface StartedJob extends PlannedJob {
  submission: Submission | null;
  quote: Quote;
  /** Null where nothing depends on it. */
  estimate: Estimate | null;
}

export interface StartCheck {
  jobs: StartedJob[];
  budget: RunBudget;
  /** Every problem of the plan, the provider, the budget and the state folder once, however many jobs have it. */
  problems: MllmError[];
}

/** All that can keep a plan from starting. The dry run and the real one ask here, so that they cannot disagree. */
export async function checkStart(
  workspace: Workspace,
  request: StartRequest & { isEstimated: boolean },
): Promise<StartCheck> {
  const { plan, choices, loaded, maxCost } = request;
  const { state, stateFolder } = workspace;
  const { provider, readiness } = choices.chosen;
  const run = state?.listRuns().find(({ id }) => id === plan[0]?.spec.runId) ?? null;
  // What was said for the run holds until something else is said.
  const maxDollars = maxCost ?? run?.maxDollars ?? loaded.recipe.resources.max_cost ?? null;
  const problems = plan.flatMap((planned) => planned.problems);
  const jobs: StartedJob[] = [];
  for (const planned of plan) {
    jobs.push(await prepareJob(workspace, { ...request, planned, problems, maxDollars }));
  }
  const quoted = jobs.flatMap(({ spec, submission, quote, estimate }) =>
    submission === null ? [] : [{ spec, quote, expectedSeconds: estimate?.seconds ?? null }],
  );
  const budget = budgetRun(state, run, { jobs: quoted, maxDollars });
  if (budget.problem !== null && readiness.isReady) problems.push(budget.problem);
  problems.push(...(await checkWritable(stateFolder)));
  const unready = readiness.problems.map(({ code, message, hint }) => {
    const words = message.replace(`${provider.name}: `, "");
    return new MllmError(code, `${provider.name} is not ready: ${words}`, { hint });
  });
  const all = new Map([...problems, ...unready].map((each) => [each.message, each]));
  return { jobs, budget, problems: [...all.values()] };
}

interface Preparation extends StartRequest {
  isEstimated: boolean;
  planned: PlannedJob;
  /** Those that come up are added. */
  problems: MllmError[];
  maxDollars: number | null;
}

async function prepareJob(workspace: Workspace, preparation: Preparation): Promise<StartedJob> {
  const { planned, choices, isEstimated, maxDollars } = preparation;
  const { provider, readiness } = choices.chosen;
  const submission = submissionOf(workspace, preparation);
  // A dry run gives nothing away, and without a budget nobody waits for the price.
  const mayUpload = !isEstimated && maxDollars !== null;
  // A provider that is not ready may have no prices to tell.
  const quote =
    submission === null || !readiness.isReady ? NO_QUOTE : await provider.quote(submission, { mayUpload });
  const isNeeded = isEstimated || maxDollars !== null;
  const estimate = isNeeded ? await preparation.estimate(planned) : null;
  return { ...planned, submission, quote, estimate };
}

const NO_QUOTE: Quote = { dollarsPerHour: null, dollars: null, source: "the provider is not ready" };

/** Null, with the problem noted, where nothing is left of the job's time. */
function submissionOf(
  workspace: Workspace,
  { choices, loaded, planned, problems }: Preparation,
): Submission | null {
  const { state } = workspace;
  const session = {
    provider: choices.chosen.provider,
    placement: loaded.recipe.providers,
    state: state ?? { workspaceId: "new", getJob: () => null },
  };
  const options = { resources: resolveResources(loaded.recipe) };
  try {
    return createSubmission(session, nextAttempt(state, planned.spec), { spec: planned.spec, options });
  } catch (error) {
    if (!(error instanceof MllmError)) throw error;
    // What is done, or at work, needs no more time.
    if (!isPaidFor(state, planned.spec.jobKey)) problems.push(error);
    return null;
  }
}

/** Every check comes before the first job: half a run helps nobody. */
export function refuseToStart(problems: readonly MllmError[]): void {
  const [first, ...others] = problems;
  if (first === undefined) return;
  if (others.length === 0) throw first;
  const list = problems.map(({ message, hint }) => `${message}${hint === undefined ? "" : ` (${hint})`}`);
  throw new MllmError(first.code, `the run cannot start:\n  ${list.join("\n  ")}`, {
    hint: "The same command with --dry-run checks it again without starting anything.",
  });
}
