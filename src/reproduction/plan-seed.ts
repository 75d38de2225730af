import { MllmError } from "../core/errors.js";
import type { Dataset } from "../data/open-dataset.js";
import type { LoadedRecipe } from "../recipe/load-recipe.js";
import { type ResolvedJob, resolveJob } from "../recipe/resolve-job.js";
import { type JobRequest, planJob } from "../training/plan-training.js";
import type { PlannedJob } from "../training/planned-job.js";
import type { ArmJob, ArmsPlan, DataKind, Lengths } from "./plan-arms.js";

export interface SeedJob extends PlannedJob {
  draft: ArmJob;
  dataset: Dataset;
  /** The key of the job whose checkpoint it starts from. */
  parentKey: string | null;
}

/** One repetition: its data, its arms, and the jobs that these take. */
export interface SeedPlan {
  seed: number;
  arms: ArmsPlan["arms"];
  /** By name; two names may stand for the same work, which then has one key. */
  jobs: ReadonlyMap<string, SeedJob>;
}

interface SeedRequest extends Omit<JobRequest, "dataset"> {
  seed: number;
  datasets: Record<DataKind, Dataset>;
}

/** The jobs of all arms for one seed, in full, without starting anything. */
export async function planSeed(request: SeedRequest, { arms, jobs }: ArmsPlan): Promise<SeedPlan> {
  const planned = new Map<string, SeedJob>();
  // Parents stand before their children.
  for (const draft of jobs) {
    const dataset = request.datasets[draft.data];
    const parent = draft.parent === null ? null : (planned.get(draft.parent)?.spec ?? null);
    const start =
      parent === null
        ? null
        : // Its checkpoint has no name before it is trained; what it will be follows from the job's key.
          { jobId: parent.jobId, id: null, hash: null, path: parent.outputDir, key: parent.jobKey };
    const job = resolveArmJob(request.loaded, draft, request.seed);
    const made = await planJob({ ...request, dataset }, job, start);
    planned.set(draft.name, { ...made, draft, dataset, parentKey: parent?.jobKey ?? null });
  }
  return { seed: request.seed, arms, jobs: planned };
}

function resolveArmJob(loaded: LoadedRecipe, draft: ArmJob, seed: number): ResolvedJob {
  const { manner, subset, epochs } = draft;
  const source = manner === "backbone" ? "backbone" : subset === "backbone" ? "planner" : subset;
  // A model without roles takes what stage 2 says of all roles.
  const recipe = subset === "backbone" ? { ...loaded.recipe, roles: {} } : loaded.recipe;
  const { training } = resolveJob({ ...loaded, recipe }, source);
  return { ...resolveJob(loaded, subset), training: { ...training, num_train_epochs: epochs, seed } };
}

/** How long the recipe trains. Throws bad_recipe where its arms could not be compared. */
export function readLengths(loaded: LoadedRecipe): Lengths {
  const { recipe, path } = loaded;
  if (Object.values(recipe.roles).some((role) => role?.model !== undefined)) {
    throw new MllmError(
      "bad_recipe",
      `${path}: a role has a model of its own, so arms would differ in size`,
      {
        hint: "Leave roles.….model out: the arms are compared on one base model.",
      },
    );
  }
  const epochsOf = (subset: ArmJob["subset"]): number => {
    const { num_train_epochs, max_steps } = resolveJob(loaded, subset).training;
    if (num_train_epochs !== undefined && !(max_steps !== undefined && max_steps > 0))
      return num_train_epochs;
    throw new MllmError("bad_recipe", `${path}: the ${subset} is trained for max_steps, not for epochs`, {
      hint: "Give num_train_epochs instead: from it the arms' lengths follow.",
    });
  };
  const [planner, caller, summarizer] = [epochsOf("planner"), epochsOf("caller"), epochsOf("summarizer")];
  return { backbone: epochsOf("backbone"), roles: { planner, caller, summarizer } };
}
