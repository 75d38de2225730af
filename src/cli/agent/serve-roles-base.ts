import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { CheckpointManifest } from "../../core/checkpoint.js";
import { readCheckpointFolder } from "../../core/checkpoint-folder.js";
import { MllmError } from "../../core/errors.js";
import type { Context } from "../context.js";
import { writeNote } from "../output.js";
import { readJson } from "../read-json.js";
import { findModelFolder } from "../training/find-model.js";
import type { Workspace } from "../workspace.js";
import { trainerEnvironment } from "./serve-roles-environment.js";

interface Adapter {
  folder: string;
  manifest: CheckpointManifest;
}

/**
 * The model that an adapter is put on. The manifest says which: the base model where there is no parent, the parent
 * where that is full, and else the parent's base with the parent's adapter merged in, which is looked for where the
 * job left it and made anew where it is gone. The path in adapter_config.json may be of another machine: it counts
 * only where what lies there is what the manifest means. Throws bad_checkpoint where the parent is not here.
 */
export async function findBase(context: Context, workspace: Workspace, adapter: Adapter): Promise<string> {
  const { parent, baseModel } = adapter.manifest;
  if (parent === null) return findModelFolder(context, baseModel) ?? baseModel;
  const named = await namedBase(adapter.folder);
  const mergedName = `base-${parent.hash.slice(0, 12)}`;
  const isModel = (folder: string) => existsSync(join(folder, "config.json"));
  const known = await findParent(workspace, adapter, named);
  if (known?.manifest.kind === "full") return known.folder;
  // checkpoints/checkpoint-N lies in the job's folder, beside the base that the job made.
  const merged = join(workspace.stateFolder, "bases", mergedName);
  const places = [join(adapter.folder, "..", "..", mergedName), merged];
  if (named !== null && basename(named) === mergedName) places.unshift(named);
  const place = places.find(isModel);
  if (place !== undefined) return place;
  if (known !== null) return await merge(context, workspace, { parent: known, to: merged });
  throw new MllmError(
    "bad_checkpoint",
    `${adapter.manifest.id} is an adapter on ${parent.id}, which is not here`,
    {
      hint: `mllm checkpoints pull ${parent.id} brings it.`,
    },
  );
}

/** The parent's folder, as the state has it or as the adapter names it; null where it is nowhere. */
async function findParent(
  { state }: Workspace,
  { manifest }: Adapter,
  named: string | null,
): Promise<Adapter | null> {
  const { parent } = manifest;
  if (parent === null) return null;
  for (const path of [state?.getCheckpoint(parent.id)?.path ?? null, named]) {
    const folder = path === null ? null : await readCheckpointFolder(path);
    if (folder?.isComplete && folder.manifest.hash === parent.hash) {
      return { folder: folder.path, manifest: folder.manifest };
    }
  }
  return null;
}

async function namedBase(folder: string): Promise<string | null> {
  const { base_model_name_or_path: path } = await readJson(join(folder, "adapter_config.json"));
  return typeof path === "string" ? path : null;
}

async function merge(
  context: Context,
  workspace: Workspace,
  { parent, to }: { parent: Adapter; to: string },
): Promise<string> {
  const { runLines } = await import("../../providers/local/run-command.js");
  const base = await findBase(context, workspace, parent);
  writeNote(context, `merging ${parent.manifest.id} into its base, once: ${to}`);
  const env = trainerEnvironment(context);
  const args = ["-m", "mllm_server.merge", parent.folder, base, to];
  const lines = runLines({ env, signal: context.signal }, workspace.python, args);
  for (;;) {
    const next = await lines.next();
    if (!next.done) continue;
    if (next.value === null) return to;
    throw new MllmError("bad_checkpoint", `${parent.manifest.id} could not be merged: ${next.value}`, {
      hint: "Check that its base model is here, and that there is room on the disk.",
    });
  }
}
