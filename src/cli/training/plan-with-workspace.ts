import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { CheckpointManifest } from "../../core/checkpoint.js";
import { readCheckpointFolder } from "../../core/checkpoint-folder.js";
import { MllmError } from "../../core/errors.js";
import type { Role } from "../../core/roles.js";
import type { Dataset } from "../../data/open-dataset.js";
import type { Provider } from "../../providers/provider.js";
import type { LoadedRecipe } from "../../recipe/load-recipe.js";
import { type Backbone, findBackbone } from "../../training/find-backbone.js";
import { isSamePlace } from "../../training/place.js";
import { type ParentCheckpoint, planTraining } from "../../training/plan-training.js";
import type { PlannedJob } from "../../training/planned-job.js";
import type { Context } from "../context.js";
import type { Workspace } from "../workspace.js";
import { createModelInspector } from "./find-model.js";

interface PlanOptions {
  loaded: LoadedRecipe;
  backboneRecipe: LoadedRecipe;
  dataset: Dataset;
  stage: 1 | 2;
  roles: readonly Role[];
  from: string | undefined;
  stage1Command: string;
  isDryRun: boolean;
  /** Where the jobs are to run. */
  provider: Provider;
}

/** Plans a training with what this working folder has: its run, its backbones, its checkpoints. */
export async function planWith(
  context: Context,
  workspace: Workspace,
  options: PlanOptions,
): Promise<PlannedJob[]> {
  const { loaded, backboneRecipe, dataset, stage, roles, provider } = options;
  const { state, stateFolder } = workspace;
  const key = {
    recipeName: loaded.recipe.name,
    recipeSha256: loaded.sha256,
    dataHash: dataset.manifest.hash,
  };
  const run = options.isDryRun ? state?.findRun(key) : state?.ensureRun(key, context.now().toISOString());
  return planTraining({
    loaded,
    backboneRecipe,
    dataset,
    stage,
    roles,
    from: await findStart(context, workspace, options.from),
    runId: run?.id ?? "run-new",
    jobsFolder: join(stateFolder, "jobs"),
    stage1Command: options.stage1Command,
    engine: provider.engine,
    inspectModel: createModelInspector(context),
    findJobs: (work) => state?.listJobs({ work }) ?? [],
    findBackbone: async (jobKey) => {
      if (state === null) return null;
      const found = await findBackbone({ state, sessionOf: workspace.sessionOf }, jobKey);
      return found === null ? null : describeBackbone(found, options);
    },
  });
}

/** A backbone can be used where it lies, or from here; one that is not ready only where jobs wait for one another. */
function describeBackbone({ job, checkpoint }: Backbone, options: PlanOptions): ParentCheckpoint {
  const { provider, loaded, dataset } = options;
  const isThere = isSamePlace(job, { provider, placement: loaded.recipe.providers });
  if (checkpoint === null) {
    const { baseModel } = job.spec;
    const message = `the backbone ${job.id} is still at work at ${job.provider}, and ${provider.name} cannot wait for it`;
    const hint = `mllm jobs watch ${job.id} follows it; run this command again when it is done.`;
    return {
      ...{ jobId: job.id, id: null, hash: null, path: job.outputDir },
      baseModel: String(baseModel),
      profileHash: dataset.manifest.profile.sha256,
      problem: isThere && provider.canChain ? null : new MllmError("no_backbone", message, { hint }),
    };
  }
  const { manifest, path, isHere } = checkpoint;
  const message = `the weights of ${manifest.id} are at ${job.provider}, not here`;
  const hint = `mllm checkpoints pull ${manifest.id} brings them.`;
  const problem = isThere || isHere ? null : new MllmError("bad_checkpoint", message, { hint });
  return { ...describeParent(manifest, path), jobId: job.id, problem };
}

/** `base`: the recipe's base model itself. */
async function findStart(
  context: Context,
  workspace: Workspace,
  given: string | undefined,
): Promise<ParentCheckpoint | "base" | null> {
  if (given === undefined || given === "base") return given ?? null;
  return await findParent(context, workspace, given);
}

async function findParent(context: Context, { state }: Workspace, given: string): Promise<ParentCheckpoint> {
  const asFolder = resolve(context.cwd, given);
  const isFolder = existsSync(asFolder);
  const row = isFolder ? null : state?.findCheckpoint(given);
  const path = isFolder ? asFolder : row?.path;
  if (path === undefined) {
    throw new MllmError("not_found", `--from ${given}: neither a folder nor a known checkpoint`, {
      hint: "`mllm checkpoints list` shows the known ones.",
    });
  }
  if (row?.state === "remote") {
    const hint = `mllm checkpoints pull ${row.id} brings it here.`;
    throw new MllmError("bad_checkpoint", `--from ${given} is where its job ran, not here`, { hint });
  }
  const folder = await readCheckpointFolder(path);
  if (!folder.isComplete) {
    throw new MllmError("bad_checkpoint", `--from ${given}: ${folder.problem}`, {
      hint: "`mllm checkpoints list` shows the complete ones.",
    });
  }
  return describeParent(folder.manifest, path);
}

function describeParent(
  { id, hash, baseModel, profileHash }: CheckpointManifest,
  path: string,
): ParentCheckpoint {
  return { jobId: null, id, hash, path, baseModel, profileHash, problem: null };
}
