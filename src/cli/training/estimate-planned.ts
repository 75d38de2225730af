import { join } from "node:path";
import { z } from "zod";
import type { Dataset } from "../../data/open-dataset.js";
import type { Provider } from "../../providers/provider.js";
import { calibrationKey, loadCalibration, toCalibration } from "../../recipe/calibration.js";
import { countTokens, type TokenCounts } from "../../recipe/count-tokens.js";
import { type Estimate, type EstimateRequest, estimateJob } from "../../recipe/estimate.js";
import { estimateParts, type Parts } from "../../recipe/estimate-parts.js";
import type { LoadedRecipe } from "../../recipe/load-recipe.js";
import { readModelShape } from "../../recipe/model-shape.js";
import { resolveResources } from "../../recipe/resolve-resources.js";
import { WorkPlan } from "../../recipe/work-plan.js";
import { type PlannedJob, worksOf } from "../../training/planned-job.js";
import type { Context } from "../context.js";
import { writeNote } from "../output.js";
import { resolveWorkspace } from "../workspace.js";
import { askTrainer } from "./ask-trainer.js";
import { findConfig, findTokenizer } from "./find-model.js";
import { describeMachine } from "./machine.js";

interface Subject {
  dataset: Dataset;
  loaded: LoadedRecipe;
  plan: readonly PlannedJob[];
  provider: Pick<Provider, "name" | "engine">;
}

export interface Estimator {
  /** What is known of a job before it runs; asked once. Of several roles, each is asked for by itself. */
  request(planned: PlannedJob): Promise<EstimateRequest>;
}

/** Estimates the jobs of one plan: by the trainer's own code where it is installed, else by what a tokenizer counts. */
export function createEstimator(context: Context, subject: Subject): Estimator {
  let works: Promise<Map<string, WorkPlan>> | null = null;
  const requests = new Map<string, Promise<EstimateRequest>>();
  return {
    request(planned) {
      works ??= planWork(context, subject);
      const key = planned.spec.jobKey;
      const known = requests.get(key) ?? describeJob(context, subject, { planned, works });
      requests.set(key, known);
      return known;
    },
  };
}

/** Of a job of several roles: of all of them. */
export async function estimatePlanned(estimator: Estimator, planned: PlannedJob): Promise<Estimate> {
  const estimate = estimateParts(await requestParts(estimator, planned));
  const { parts } = planned;
  if (estimate.isExact || parts === undefined || planned.spec.method !== "alora") return estimate;
  // Without the trainer the common tree is guessed from the first role's rows; how many there are is known.
  const each = (await Promise.all(parts.map((part) => estimator.request(part)))).map(estimateJob);
  const sum = (pick: (one: Estimate) => number) => each.reduce((total, one) => total + pick(one), 0);
  return {
    ...estimate,
    rows: sum(({ rows }) => rows),
    validationRows: sum(({ validationRows }) => validationRows),
    trainedTokens: sum(({ trainedTokens }) => trainedTokens),
  };
}

export async function requestParts(estimator: Estimator, planned: PlannedJob): Promise<Parts> {
  const requests = await Promise.all(worksOf(planned).map((work) => estimator.request(work)));
  return requests as [EstimateRequest, ...EstimateRequest[]];
}

async function describeJob(
  context: Context,
  { dataset, loaded, provider }: Subject,
  { planned, works }: { planned: PlannedJob; works: Promise<Map<string, WorkPlan>> },
): Promise<EstimateRequest> {
  const { job, spec } = planned;
  const work = (await works).get(spec.jobKey) ?? null;
  const { name: machine, hasBf16 } = describeMachine();
  const folder = findConfig(context, job.baseModel);
  const stored = provider.name === "local" ? await findCalibration(context, planned, machine) : null;
  const [gpu] = resolveResources(loaded.recipe).gpuTypes;
  const counts: TokenCounts =
    work === null
      ? await countRows(context, dataset, planned)
      : { tokens: work.tokens, trainedTokens: work.trainedTokens, basis: "counted" };
  return {
    ...{ job, manifest: dataset.manifest, counts, gpu, work, hasBf16 },
    shape: folder === null ? null : await readModelShape(folder),
    calibration: stored === null ? null : toCalibration(stored),
  };
}

function countRows(context: Context, dataset: Dataset, { job, spec }: PlannedJob): Promise<TokenCounts> {
  const { train } = dataset.manifest.subsets[job.subset];
  return countTokens({
    file: { ...train, path: spec.data.train },
    endOfTurn: dataset.endOfTurn,
    tokenizerFolder: findTokenizer(context, job.baseModel),
  });
}

export function calibrationsFolder(context: Context): string {
  return join(resolveWorkspace(context).stateFolder, "calibrations");
}

function findCalibration(context: Context, { spec, job }: PlannedJob, machine: string) {
  return loadCalibration(calibrationsFolder(context), calibrationKey(spec, job.gpus, machine));
}

/** Tokenizers do some megabytes a second. */
const LARGE_BYTES = 100e6;
const Answer = z.union([WorkPlan, z.object({ failure: z.object({ message: z.string() }) })]);

/** By the key of each job; without those of models whose tokenizer is not here, and of a vendor's own trainer. */
async function planWork(
  context: Context,
  { dataset, plan, provider }: Subject,
): Promise<Map<string, WorkPlan>> {
  if (provider.engine !== "trainer") return new Map();
  const all = plan.flatMap(worksOf);
  const asked = all.flatMap((planned) => {
    const { job, spec } = planned;
    const tokenizer = findTokenizer(context, spec.model) ?? findTokenizer(context, job.baseModel);
    const isPossible = tokenizer !== null || spec.model === "tiny-scratch";
    const isEmpty = dataset.manifest.subsets[job.subset].train.rows === 0;
    return isPossible && !isEmpty ? [{ spec, tokenizer, processes: Math.max(1, job.gpus) }] : [];
  });
  if (asked.length === 0) return new Map();
  const bytes = all.reduce((sum, { job }) => sum + dataset.manifest.subsets[job.subset].train.sizeBytes, 0);
  if (bytes > LARGE_BYTES)
    writeNote(context, `counting the tokens of ${Math.round(bytes / 1e6)} MB: this takes some minutes`);
  const lines = asked.map(({ spec, ...rest }) => JSON.stringify({ job: spec, ...rest }));
  const answers = await askTrainer(context, {
    module: "forecast",
    args: ["-"],
    input: `${lines.join("\n")}\n`,
  });
  const works = asked.flatMap(({ spec }, index): [string, WorkPlan][] => {
    const answer = Answer.safeParse(answers?.[index]);
    return answer.success && !("failure" in answer.data) ? [[spec.jobKey, answer.data]] : [];
  });
  return new Map(works);
}
