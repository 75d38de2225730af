import { join } from "node:path";
import type { DatasetManifest } from "../core/dataset-manifest.js";
import { sha256 } from "../core/ids.js";
import type { JobSpec, TrainingArguments } from "../core/job-spec.js";
import type { LoadedRecipe } from "./load-recipe.js";
import type { ResolvedJob } from "./resolve-job.js";

export interface JobPlan {
  loaded: LoadedRecipe;
  job: ResolvedJob;
  dataset: { folder: string; manifest: DatasetManifest };
  /** Stage 2: the backbone's checkpoint. */
  parent: { id: string; hash: string; path: string } | null;
  /** The base model by its content, see inspectModel. */
  modelIdentity: string;
  jobId: string;
  runId: string;
  outputDir: string;
}

/** Joins recipe, data and parent into the one document a provider needs. */
export function createJobSpec(plan: JobPlan): JobSpec {
  const { loaded, job, dataset, parent } = plan;
  const files = dataset.manifest.subsets[job.subset];
  const absolute = (path: string) => join(dataset.folder, path);
  const content = {
    version: 1 as const,
    stage: job.stage,
    subset: job.subset,
    baseModel: job.baseModel,
    method: job.method,
    lora: job.lora,
    packing: job.packing,
    overflow: job.overflow,
    training: job.training,
  };
  return {
    ...content,
    jobId: plan.jobId,
    runId: plan.runId,
    recipe: { name: loaded.recipe.name, sha256: loaded.sha256 },
    // The hash is over what decides the weights: neither ids, paths, deadlines nor the recipe's other parts.
    jobKey: sha256({
      ...content,
      baseModel: plan.modelIdentity,
      training: withoutReporting(job.training),
      gpus: job.gpus,
      parent: parent?.hash ?? null,
      data: dataset.manifest.hash,
    }),
    model: parent?.path ?? job.baseModel,
    parent: parent === null ? null : { id: parent.id, hash: parent.hash },
    data: {
      train: absolute(files.train.path),
      validation: files.validation === null ? null : absolute(files.validation.path),
      profile: absolute(dataset.manifest.profile.path),
      hash: dataset.manifest.hash,
      sha256: {
        train: files.train.sha256,
        validation: files.validation?.sha256 ?? null,
        profile: dataset.manifest.profile.sha256,
      },
    },
    deadlineSeconds: job.deadlineSeconds,
    outputDir: plan.outputDir,
  };
}

function withoutReporting({ logging_steps, per_device_eval_batch_size, ...rest }: TrainingArguments) {
  return rest;
}
