import { join } from "node:path";
import { sha256 } from "../../core/ids.js";
import { estimateJob } from "../../recipe/estimate.js";
import type { LoadedRecipe } from "../../recipe/load-recipe.js";
import { resolveResources } from "../../recipe/resolve-resources.js";
import type { Budget } from "../../reproduction/arms.js";
import { measureTokenRates, type TokenRates, tabulateTokens } from "../../reproduction/count-seed-tokens.js";
import { type ArmsPlan, type Lengths, planArms } from "../../reproduction/plan-arms.js";
import { planSeed, readLengths, type SeedJob, type SeedPlan } from "../../reproduction/plan-seed.js";
import type { PlannedJob } from "../../training/planned-job.js";
import { REPRODUCTION_PREFIX } from "../agent/find-trio.js";
import type { Context } from "../context.js";
import { checkStart, type StartCheck } from "../training/check-start.js";
import { chooseProvider, type ProviderChoices } from "../training/choose-provider.js";
import { createModelInspector, findTokenizer } from "../training/find-model.js";
import type { Workspace } from "../workspace.js";
import { type DataOptions, prepareData, type SeedData } from "./reproduce-data.js";

export interface ReproduceOptions extends Omit<DataOptions, "seeds" | "out"> {
  recipe: string;
  seeds: number;
  budget?: Budget;
  out?: string;
  set?: string[];
  provider?: string[];
  maxCost?: number;
  concurrency: number;
  maxNewTokens: number;
  dryRun?: true;
  json?: true;
}

/** All that is known before anything is started. */
export interface Prepared {
  loaded: LoadedRecipe;
  lengths: Lengths;
  rates: TokenRates;
  seeds: SeedPlan[];
  choices: ProviderChoices;
  check: StartCheck;
  data: SeedData[];
  /** Absolute. */
  out: string;
}

/** Makes the data, plans every job of every arm, and checks that they could start. */
export async function prepareReproduction(
  context: Context,
  workspace: Workspace,
  { options, loaded, out }: { options: ReproduceOptions; loaded: LoadedRecipe; out: string },
): Promise<Prepared> {
  const { recipe } = loaded;
  const lengths = readLengths(loaded);
  const seeds = Array.from({ length: options.seeds }, (_, index) => recipe.seed + index);
  const data = await prepareData(context, { ...options, seeds, out });
  const [first] = data;
  if (first === undefined) throw new Error("no seed");
  const rates = await measureTokenRates(first.datasets.all, findTokenizer(context, recipe.model));
  const names = (options.provider ?? [recipe.provider].flat()) as [string, ...string[]];
  const resources = resolveResources(recipe);
  const choices = await chooseProvider(workspace, { names, placement: recipe.providers, resources });
  const job = {
    ...{ loaded, runId: nameRun(context, workspace, { loaded, options, first }) },
    jobsFolder: join(workspace.stateFolder, "jobs"),
    engine: choices.chosen.provider.engine,
    inspectModel: createModelInspector(context),
  };
  const plans: SeedPlan[] = [];
  for (const { seed, datasets } of data) {
    const arms = only(options.budget, planArms(lengths, tabulateTokens(datasets, rates)));
    plans.push(await planSeed({ ...job, seed, datasets }, arms));
  }
  const estimate = async (planned: PlannedJob) => estimateArmJob(loaded, planned as SeedJob, rates);
  const request = { loaded, plan: uniqueJobs(plans), estimate, choices, maxCost: options.maxCost };
  const check = await checkStart(workspace, { ...request, isEstimated: options.dryRun === true });
  return { loaded, lengths, rates, seeds: plans, choices, check, data, out };
}

/** One run for all: `--max-cost` belongs to it. Seeds may be added to it. */
function nameRun(
  context: Context,
  { state }: Workspace,
  { loaded, options, first }: { loaded: LoadedRecipe; options: ReproduceOptions; first: SeedData },
): string {
  const { name } = loaded.recipe;
  const dataHash = sha256([first.datasets.all.manifest.hash, options.budget ?? "both"]);
  const key = { recipeName: `${REPRODUCTION_PREFIX}${name}`, recipeSha256: loaded.sha256, dataHash };
  const run = options.dryRun ? state?.findRun(key) : state?.ensureRun(key, context.now().toISOString());
  return run?.id ?? "run-new";
}

function only(budget: Budget | undefined, { arms, jobs }: ArmsPlan): ArmsPlan {
  if (budget === undefined) return { arms, jobs };
  const kept = arms
    .filter(({ budgets }) => budgets.includes(budget))
    .map((arm) => ({ ...arm, budgets: [budget] }));
  const names = new Set(kept.flatMap((arm) => arm.jobs));
  return { arms: kept, jobs: jobs.filter(({ name }) => names.has(name)) };
}

/** Two names may stand for the same work. */
export function uniqueJobs(plans: readonly SeedPlan[]): SeedJob[] {
  const all = plans.flatMap(({ jobs }) => [...jobs.values()]);
  return [...new Map(all.map((job) => [job.spec.jobKey, job])).values()];
}

function estimateArmJob(loaded: LoadedRecipe, { job, draft, dataset }: SeedJob, rates: TokenRates) {
  const perEpoch = (count: number) => Math.round(count / draft.epochs);
  const { tokens, trainedTokens } = draft;
  const counts = { tokens: perEpoch(tokens), trainedTokens: perEpoch(trainedTokens) };
  const [gpu] = resolveResources(loaded.recipe).gpuTypes;
  const { basis } = rates[draft.subset];
  return estimateJob({ job, manifest: dataset.manifest, counts: { ...counts, basis }, gpu });
}
