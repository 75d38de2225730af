import { join } from "node:path";
import type { DatasetManifest } from "../core/dataset-manifest.js";
import { MllmError } from "../core/errors.js";
import type { JobSpec } from "../core/job-spec.js";
import type { Role } from "../core/roles.js";
import { createJobSpec } from "../recipe/create-job-spec.js";
import type { LoadedRecipe } from "../recipe/load-recipe.js";
import { backboneModels, type ResolvedJob, resolveJob } from "../recipe/resolve-job.js";

export interface ParentCheckpoint {
  id: string;
  hash: string;
  /** Absolute folder. */
  path: string;
}

export interface TrainingRequest {
  loaded: LoadedRecipe;
  dataset: { folder: string; manifest: DatasetManifest };
  stage: 1 | 2;
  /** Stage 2 only. */
  roles: readonly Role[];
  /** A checkpoint the user named; without one, stage 2 finds its backbone by lineage. */
  from: ParentCheckpoint | null;
  /** The run the jobs belong to; in a dry run of a run that does not exist yet, any text. */
  runId: string;
  /** Under which the jobs' folders lie. */
  jobsFolder: string;
  /** The best complete checkpoint of the succeeded job with this key. */
  findBackbone(jobKey: string): Promise<ParentCheckpoint | null>;
}

export interface PlannedJob {
  job: ResolvedJob;
  spec: JobSpec;
  /** What keeps this job from starting. */
  problem: MllmError | null;
}

/** The jobs one `mllm train` asks for, in full, without starting anything. */
export async function planTraining(request: TrainingRequest): Promise<PlannedJob[]> {
  if (request.stage === 1) {
    return backboneModels(request.loaded).map((model) => planBackbone(request, model, request.from));
  }
  return Promise.all(request.roles.map((role) => planRole(request, role)));
}

function planBackbone(request: TrainingRequest, model: string, parent: ParentCheckpoint | null): PlannedJob {
  return planJob(request, resolveJob(request.loaded, "backbone", model), parent, null);
}

async function planRole(request: TrainingRequest, role: Role): Promise<PlannedJob> {
  const job = resolveJob(request.loaded, role);
  if (request.from !== null) return planJob(request, job, request.from, null);
  const backbone = planBackbone(request, job.baseModel, null);
  const parent = await request.findBackbone(backbone.spec.jobKey);
  const problem =
    parent === null
      ? new MllmError(
          "no_backbone",
          `no finished backbone of ${job.baseModel} for recipe ${request.loaded.recipe.name} and ${request.dataset.folder}`,
          {
            hint: `Run \`mllm train --stage 1 --recipe ${request.loaded.path} --data ${request.dataset.folder}\` first, or name a checkpoint with --from.`,
          },
        )
      : null;
  return planJob(request, job, parent, problem);
}

function planJob(
  request: TrainingRequest,
  job: ResolvedJob,
  parent: ParentCheckpoint | null,
  problem: MllmError | null,
): PlannedJob {
  const { loaded, dataset } = request;
  const draft = createJobSpec({
    loaded,
    job,
    dataset,
    parent,
    runId: request.runId,
    jobId: "",
    outputDir: "",
  });
  // Equal work has an equal id: the same command finds its job again instead of paying for it twice.
  const jobId = `job-${draft.jobKey.slice(0, 10)}`;
  const spec = { ...draft, jobId, outputDir: join(request.jobsFolder, jobId) };
  return { job, spec, problem: problem ?? checkRows(job, request) };
}

function checkRows(job: ResolvedJob, { dataset }: TrainingRequest): MllmError | null {
  const { train, leftOut } = dataset.manifest.subsets[job.subset];
  if (train.rows > 0) return null;
  const reasons = Object.entries(leftOut).map(([reason, count]) => `${reason}: ${count}`);
  return new MllmError(
    "bad_dataset",
    `${dataset.folder} has no rows for the ${job.subset}${reasons.length > 0 ? ` (${reasons.join(", ")})` : ""}`,
    { hint: `Split trajectories that have ${job.subset} turns, or train the other roles only.` },
  );
}
