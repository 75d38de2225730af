import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { CheckpointManifest } from "../core/checkpoint.js";
import { readCheckpointFolder } from "../core/checkpoint-folder.js";
import { MllmError } from "../core/errors.js";
import type { Role } from "../core/roles.js";
import type { Dataset } from "../data/open-dataset.js";
import { inspectModel, type ModelFacts } from "../recipe/inspect-model.js";
import type { LoadedRecipe } from "../recipe/load-recipe.js";
import { findBackbone } from "../training/find-backbone.js";
import { type ParentCheckpoint, type PlannedJob, planTraining } from "../training/plan-training.js";
import type { Context } from "./context.js";
import { findModelFolder } from "./find-model.js";
import type { Workspace } from "./workspace.js";

interface PlanOptions {
  loaded: LoadedRecipe;
  dataset: Dataset;
  stage: 1 | 2;
  roles: readonly Role[];
  from: string | undefined;
  stage1Command: string;
  isDryRun: boolean;
}

/** Plans a training with what this working folder has: its run, its backbones, its checkpoints. */
export async function planWith(
  context: Context,
  workspace: Workspace,
  options: PlanOptions,
): Promise<PlannedJob[]> {
  const { loaded, dataset, stage, roles } = options;
  const { state, provider, stateFolder } = workspace;
  const key = {
    recipeName: loaded.recipe.name,
    recipeSha256: loaded.sha256,
    dataHash: dataset.manifest.hash,
  };
  const run = options.isDryRun ? state?.findRun(key) : state?.ensureRun(key, context.now().toISOString());
  // Three roles of one base look at the same files.
  const models = new Map<string, Promise<ModelFacts>>();
  const inspect = (model: string): Promise<ModelFacts> => {
    const facts = models.get(model) ?? inspectModel(model, findModelFolder(context, model));
    models.set(model, facts);
    return facts;
  };
  return planTraining({
    loaded,
    dataset,
    stage,
    roles,
    from: options.from === undefined ? null : await findParent(context, workspace, options.from),
    runId: run?.id ?? "run-new",
    jobsFolder: join(stateFolder, "jobs"),
    stage1Command: options.stage1Command,
    inspectModel: inspect,
    findBackbone: async (jobKey) => {
      const found = state === null ? null : await findBackbone({ state, provider }, jobKey);
      return found === null ? null : describeParent(found.manifest, found.path);
    },
  });
}

async function findParent(context: Context, { state }: Workspace, given: string): Promise<ParentCheckpoint> {
  const asFolder = resolve(context.cwd, given);
  const path = existsSync(asFolder) ? asFolder : state?.findCheckpoint(given).path;
  if (path === undefined) {
    throw new MllmError("not_found", `--from ${given}: neither a folder nor a known checkpoint`, {
      hint: "`mllm checkpoints list` shows the known ones.",
    });
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
  return { id, hash, path, baseModel, profileHash };
}
