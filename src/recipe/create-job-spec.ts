import { join } from "node:path";
import type { DatasetManifest } from "../core/dataset-manifest.js";
import { sha256 } from "../core/ids.js";
import type { JobSpec, TrainingArguments } from "../core/job-spec.js";
import type { Subset } from "../core/roles.js";
import type { LoadedRecipe } from "./load-recipe.js";
import type { ResolvedJob } from "./resolve-job.js";

interface JobPlan {
  loaded: LoadedRecipe;
  job: ResolvedJob;
  dataset: { folder: string; manifest: DatasetManifest };
  /** Stage 2: the backbone's checkpoint. */
  parent: JobParent | null;
  /** What trains, where it is not our trainer: its results are others. */
  engine: string;
  /** The base model by its content, see inspectModel. */
  modelIdentity: string;
  jobId: string;
  runId: string;
  outputDir: string;
}

/** The checkpoint that a job starts from, or the job that will make it (`id` and `hash` are null until then). */
export interface JobParent {
  jobId: string | null;
  id: string | null;
  hash: string | null;
  /** The checkpoint's folder; the job's where there is no checkpoint yet. */
  path: string;
  /** What the weights depend on: the key of the job that makes them, or the hash of a checkpoint the user named. */
  key: string;
}

/** Joins recipe, data and parent into the one document a provider needs. */
export function createJobSpec(plan: JobPlan): JobSpec {
  const { loaded, job, dataset, parent } = plan;
  const { stage, subset, baseModel, method, lora, packing, overflow, training, deadlineSeconds } = job;
  const { quantization, sharding } = job;
  const content = {
    version: 1 as const,
    stage,
    subset,
    baseModel,
    method,
    lora,
    packing,
    overflow,
    training,
  };
  return {
    ...content,
    quantization,
    sharding,
    jobId: plan.jobId,
    runId: plan.runId,
    recipe: { name: loaded.recipe.name, sha256: loaded.sha256 },
    // The hash is over what decides the weights: neither ids, paths, deadlines nor the recipe's other parts.
    jobKey: sha256({
      ...content,
      baseModel: plan.modelIdentity,
      training: withoutReporting(training),
      gpus: job.gpus,
      ...(quantization === null ? {} : { quantization }),
      // It decides little but the form of what a job resumes from.
      ...(sharding === null ? {} : { sharding }),
      ...(plan.engine === "trainer" ? countSteps(packing) : { engine: plan.engine }),
      parent: parent?.key ?? null,
      data: dataset.manifest.hash,
    }),
    model: parent?.path ?? baseModel,
    parent: parent === null ? null : { jobId: parent.jobId, id: parent.id, hash: parent.hash },
    data: describeData(dataset, subset),
    deadlineSeconds,
    outputDir: plan.outputDir,
  };
}

/** Once `bfd` counted a step in packed sequences: the keys of those jobs are not to be had again. */
function countSteps(packing: ResolvedJob["packing"]) {
  return packing === "bfd" ? { stepsIn: "rows" } : {};
}

function describeData({ folder, manifest }: JobPlan["dataset"], subset: Subset): JobSpec["data"] {
  const { train, validation } = manifest.subsets[subset];
  const { profile } = manifest;
  return {
    train: join(folder, train.path),
    validation: validation === null ? null : join(folder, validation.path),
    profile: join(folder, profile.path),
    hash: manifest.hash,
    sha256: { train: train.sha256, validation: validation?.sha256 ?? null, profile: profile.sha256 },
  };
}

function withoutReporting({ logging_steps, per_device_eval_batch_size, ...rest }: TrainingArguments) {
  return rest;
}
