import { MllmError } from "../core/errors.js";
import type { Dataset } from "../data/open-dataset.js";
import type { Quote, Submission } from "../providers/provider.js";
import type { Estimate } from "../recipe/estimate.js";
import type { LoadedRecipe } from "../recipe/load-recipe.js";
import { resolveResources } from "../recipe/resolve-resources.js";
import { createSubmission, nextAttempt } from "../training/create-submission.js";
import { type BudgetPlan, planBudget, spentOnRun } from "../training/plan-budget.js";
import type { PlannedJob } from "../training/plan-training.js";
import { checkWritable } from "./check-writable.js";
import type { ProviderChoices } from "./choose-provider.js";
import type { Context } from "./context.js";
import { estimatePlanned } from "./estimate-planned.js";
import type { Workspace } from "./workspace.js";

export interface StartRequest {
  loaded: LoadedRecipe;
  dataset: Dataset;
  plan: readonly PlannedJob[];
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
  budget: BudgetPlan & { maxDollars: number | null; spentDollars: number };
  /** Every problem of the plan, the provider, the budget and the state folder once, however many jobs have it. */
  problems: MllmError[];
}

/** All that can keep a plan from starting. The dry run and the real one ask here, so that they cannot disagree. */
export async function checkStart(
  context: Context,
  workspace: Workspace,
  request: StartRequest & { isEstimated: boolean },
): Promise<StartCheck> {
  const { plan, choices, loaded } = request;
  const { state, stateFolder } = workspace;
  const { provider, readiness } = choices.chosen;
  const run = state?.listRuns().find(({ id }) => id === plan[0]?.spec.runId) ?? null;
  const maxDollars = request.maxCost ?? loaded.recipe.resources.max_cost ?? run?.maxDollars ?? null;
  const problems = plan.flatMap((planned) => planned.problems);
  const jobs: StartedJob[] = [];
  for (const planned of plan) {
    const submission = submissionOf(workspace, request, { planned, problems });
    // A provider that is not ready may have no prices to tell.
    // A dry run gives nothing away, and without a budget nobody waits for the price.
    const mayUpload = !request.isEstimated && maxDollars !== null;
    const quote =
      submission === null || !readiness.isReady ? NO_QUOTE : await provider.quote(submission, { mayUpload });
    const isNeeded = request.isEstimated || (maxDollars !== null && quote.dollarsPerHour !== 0);
    const estimate = isNeeded ? await estimatePlanned(context, request, planned) : null;
    jobs.push({ ...planned, submission, quote, estimate });
  }
  const spentDollars = run === null ? 0 : spentOnRun(state, run.id);
  const open = jobs.filter(({ spec }) => !isDone(workspace, spec.jobKey));
  const priced = open.map(({ spec, quote, estimate }) => ({
    jobKey: spec.jobKey,
    quote,
    expectedSeconds: estimate?.seconds ?? null,
    maxSeconds: spec.deadlineSeconds,
    spentDollars: nextAttempt(workspace.state, spec).dollarsBefore,
  }));
  const budget = planBudget(priced, maxDollars === null ? null : Math.max(0, maxDollars - spentDollars));
  if (budget.problem !== null && readiness.isReady) problems.push(budget.problem);
  problems.push(...(await checkWritable(stateFolder)));
  const unready = readiness.problems.map(({ code, message, hint }) => {
    const words = message.replace(`${provider.name}: `, "");
    return new MllmError(code, `${provider.name} is not ready: ${words}`, { hint });
  });
  const all = new Map([...problems, ...unready].map((each) => [each.message, each]));
  return { jobs, budget: { ...budget, maxDollars, spentDollars }, problems: [...all.values()] };
}

const NO_QUOTE: Quote = { dollarsPerHour: null, dollars: null, source: "the provider is not ready" };

/** What has ended well costs no more, and what runs is paid for under its own deadline. */
function isDone({ state }: Workspace, jobKey: string): boolean {
  return (state?.listJobs({ jobKey, states: ["succeeded", "queued", "running"] }) ?? []).length > 0;
}

/** Null, with the problem noted, where nothing is left of the job's time. */
function submissionOf(
  workspace: Workspace,
  { choices, loaded }: StartRequest,
  { planned, problems }: { planned: PlannedJob; problems: MllmError[] },
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
    problems.push(error);
    return null;
  }
}
