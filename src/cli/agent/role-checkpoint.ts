import { join } from "node:path";
import type { CheckpointManifest } from "../../core/checkpoint.js";
import { readCheckpointFolder } from "../../core/checkpoint-folder.js";
import { MllmError } from "../../core/errors.js";
import { Profile } from "../../core/profile.js";
import { ROLES, type Role } from "../../core/roles.js";
import type { Context } from "../context.js";
import { readJson } from "../read-json.js";
import type { Workspace } from "../workspace.js";
import type { Trio } from "./find-trio.js";
import { findBase } from "./serve-roles-base.js";

/** What a server and an agent need to know of a checkpoint. */
export interface RoleCheckpoint {
  role: Role;
  folder: string;
  manifest: CheckpointManifest;
  /** What an adapter is put on: a folder, or a model of the Hub. Null for a full checkpoint. */
  base: string | null;
  /** Of an adapter. */
  rank: number | null;
  /** Whether the adapter acts from its role's marker on (aLoRA). */
  isActivated: boolean;
}

/** Throws bad_checkpoint where a folder is not whole or an adapter's base is nowhere. */
export async function readRoleCheckpoints(
  context: Context,
  workspace: Workspace,
  { trio, roles }: { trio: Trio; roles: readonly Role[] },
): Promise<RoleCheckpoint[]> {
  const found: RoleCheckpoint[] = [];
  // Each job of a run keeps a copy of the base; a server is to load one. So the first that is found serves all.
  const bases = new Map<string, string>();
  for (const role of ROLES.filter((each) => roles.includes(each))) {
    const folder = await readCheckpointFolder(trio[role].path);
    if (!folder.isComplete) {
      const hint = "mllm checkpoints list shows the complete ones.";
      throw new MllmError("bad_checkpoint", `${trio[role].id}: ${folder.problem}`, { hint });
    }
    const { manifest, path } = folder;
    const isAdapter = manifest.kind === "adapter";
    const key = manifest.parent?.hash ?? manifest.baseModel;
    const base = isAdapter
      ? (bases.get(key) ?? (await findBase(context, workspace, { folder: path, manifest })))
      : null;
    if (base !== null) bases.set(key, base);
    const adapter = isAdapter ? await readAdapter(path) : { rank: null, isActivated: false };
    found.push({ role, folder: path, manifest, base, ...adapter });
  }
  return found;
}

/** The prompt profile that a checkpoint was trained with. */
export async function readProfile(folder: string): Promise<Profile> {
  const path = join(folder, "profile.json");
  const parsed = Profile.safeParse(await readJson(path).catch(() => null));
  if (parsed.success) return parsed.data;
  throw new MllmError("bad_checkpoint", `${path} is missing or no prompt profile`, {
    hint: "Train the checkpoint again, or pull it anew.",
  });
}

async function readAdapter(folder: string): Promise<Pick<RoleCheckpoint, "rank" | "isActivated">> {
  const { r, alora_invocation_tokens: tokens } = await readJson(join(folder, "adapter_config.json"));
  return { rank: typeof r === "number" ? r : null, isActivated: Array.isArray(tokens) };
}
