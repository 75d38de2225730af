import { join } from "node:path";
import type { DatasetManifest } from "../core/dataset-manifest.js";
import { MllmError } from "../core/errors.js";
import type { Role } from "../core/roles.js";
import { createJobSpec, type JobParent } from "../recipe/create-job-spec.js";
import type { ModelFacts } from "../recipe/inspect-model.js";
import type { LoadedRecipe } from "../recipe/load-recipe.js";
import { backboneModels, type ResolvedJob, resolveJob } from "../recipe/resolve-job.js";
import { type JoinRequest, joinRoles } from "./join-roles.js";
import type { PlannedJob } from "./planned-job.js";

/** A checkpoint to start from; a job's that has not ended has neither id nor hash yet. */
export interface ParentCheckpoint extends Omit<JobParent, "key"> {
  baseModel: string;
  profileHash: string;
  /** What keeps this job from using it where it is. */
  problem: MllmError | null;
}

/** What planning one job needs to know. */
export interface JobRequest {
  loaded: LoadedRecipe;
  dataset: { folder: string; manifest: DatasetManifest };
  /** The run the job belongs to; in a dry run of a run that does not exist yet, any text. */
  runId: string;
  /** Under which the jobs' folders lie. */
  jobsFolder: string;
  inspectModel(model: string): Promise<ModelFacts>;
  /** What trains: a provider's `engine`. */
  engine: string;
}

export interface TrainingRequest extends JobRequest, JoinRequest {
  stage: 1 | 2;
  /** What stage 2's backbone is looked for by before `loaded`: where roles have a method of their own. */
  backboneRecipe?: LoadedRecipe;
  /** Stage 2 only. */
  roles: readonly Role[];
  /** A checkpoint the user named, or the recipe's base model; with neither, stage 2 finds its backbone by lineage. */
  from: ParentCheckpoint | "base" | null;
  /** What a user types for stage 1 of the same recipe and data. */
  stage1Command: string;
  /** The best complete checkpoint of the succeeded job with this key, or the job that is at it, where one may wait for it. */
  findBackbone(jobKey: string): Promise<ParentCheckpoint | null>;
}

/** The jobs one `mllm train` asks for, in full, without starting anything. */
export async function planTraining(request: TrainingRequest): Promise<PlannedJob[]> {
  if (request.stage === 1) {
    const models = backboneModels(request.loaded);
    return Promise.all(
      models.map((model) => planFrom(request, resolveJob(request.loaded, "backbone", model))),
    );
  }
  const roles = await Promise.all(request.roles.map((role) => planRole(request, role)));
  return joinRoles(roles, request);
}

/** From what the user named: that is what its weights are, while what lineage finds is what its job makes. */
async function planFrom(request: TrainingRequest, job: ResolvedJob): Promise<PlannedJob> {
  const { from, dataset } = request;
  if (from === null || from === "base") return planJob(request, job, null);
  const planned = await planJob(request, job, { ...from, key: from.hash ?? "" });
  return { ...planned, problems: [...planned.problems, ...checkParent(job, from, dataset)] };
}

async function planRole(request: TrainingRequest, role: Role): Promise<PlannedJob> {
  const job = resolveJob(request.loaded, role);
  if (request.from !== null) return planFrom(request, job);
  const parent = await findParent(request, job.baseModel);
  const planned = await planJob(request, job, parent);
  if (parent !== null) {
    return parent.problem === null
      ? planned
      : { ...planned, problems: [parent.problem, ...planned.problems] };
  }
  const { loaded, dataset, stage1Command } = request;
  const problem = new MllmError(
    "no_backbone",
    `no finished backbone of ${job.baseModel} for recipe ${loaded.recipe.name} and ${dataset.folder}`,
    { hint: `Run \`${stage1Command}\` first, or name a checkpoint with --from.` },
  );
  return { ...planned, problems: [problem, ...planned.problems] };
}

async function findParent(
  request: TrainingRequest,
  baseModel: string,
): Promise<(ParentCheckpoint & JobParent) | null> {
  const { loaded, backboneRecipe = loaded } = request;
  for (const recipe of new Set([backboneRecipe, loaded])) {
    const backbone = resolveJob(recipe, "backbone", baseModel);
    const { jobKey: key } = (await planJob({ ...request, loaded: recipe }, backbone, null)).spec;
    const parent = await request.findBackbone(key);
    if (parent !== null) return { ...parent, key };
  }
  return null;
}

/** One job, from a parent or from the base model. */
export async function planJob(
  request: JobRequest,
  job: ResolvedJob,
  parent: JobParent | null,
): Promise<PlannedJob> {
  const { loaded, dataset, runId, engine } = request;
  const model = await request.inspectModel(job.baseModel);
  const modelIdentity = model.identity;
  const draft = createJobSpec({
    loaded,
    job,
    dataset,
    parent,
    modelIdentity,
    engine,
    runId,
    jobId: "",
    outputDir: "",
  });
  // Equal work has an equal id: the same command finds its job again instead of paying for it twice.
  const jobId = `job-${draft.jobKey.slice(0, 10)}`;
  const spec = { ...draft, jobId, outputDir: join(request.jobsFolder, jobId) };
  return {
    job,
    spec,
    problems: [...checkRows(job, request), ...checkModel(job, model)],
  };
}

function checkRows(job: ResolvedJob, { dataset }: JobRequest): MllmError[] {
  const { train, leftOut } = dataset.manifest.subsets[job.subset];
  if (train.rows > 0) return [];
  const reasons = Object.entries(leftOut).map(([reason, count]) => `${reason}: ${count}`);
  return [
    new MllmError(
      "bad_dataset",
      `${dataset.folder} has no rows for the ${job.subset}${reasons.length > 0 ? ` (${reasons.join(", ")})` : ""}`,
      { hint: `Split trajectories that have ${job.subset} turns, or train the other roles only.` },
    ),
  ];
}

function checkModel({ baseModel, overflow }: ResolvedJob, { problem, positions }: ModelFacts): MllmError[] {
  if (problem !== null) {
    const hint = "Expected tiny, tiny-scratch, a Hugging Face id, or a folder with config.json and weights.";
    return [new MllmError("bad_recipe", `model ${baseModel}: ${problem}`, { hint })];
  }
  if (positions === null || overflow.maxTokens <= positions || overflow.policy === "drop") return [];
  const message = `overflow.max_tokens is ${overflow.maxTokens}, but ${baseModel} takes ${positions} tokens at most`;
  return [new MllmError("bad_recipe", message, { hint: `Add --set overflow.max_tokens=${positions}.` })];
}

/** A checkpoint the user named has to be of the recipe's base and of the data's profile. */
function checkParent(
  { baseModel }: ResolvedJob,
  from: ParentCheckpoint,
  dataset: JobRequest["dataset"],
): MllmError[] {
  const problems: MllmError[] = [];
  if (from.baseModel !== baseModel) {
    const hint = `Choose a checkpoint of ${baseModel}, or a recipe of ${from.baseModel}.`;
    const message = `--from ${from.id} comes from ${from.baseModel}, the recipe's base is ${baseModel}`;
    problems.push(new MllmError("bad_checkpoint", message, { hint }));
  }
  if (from.profileHash !== dataset.manifest.profile.sha256) {
    const hint = "Split the data with the profile that the checkpoint was trained with (its profile.json).";
    const message = `--from ${from.id} was trained with another prompt profile than ${dataset.folder} has`;
    problems.push(new MllmError("bad_checkpoint", message, { hint }));
  }
  return problems;
}
