import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { readCheckpointFolder } from "../../core/checkpoint-folder.js";
import { MllmError } from "../../core/errors.js";
import { ROLES, type Role } from "../../core/roles.js";
import type { Checkpoint } from "../../state/rows.js";
import type { State } from "../../state/state.js";
import { findTrio, type Trio, type TrioOptions } from "./find-trio.js";

/** As findTrio; a role may also be the folder of a checkpoint that the state does not know. */
export async function findTrioOrFolders(
  cwd: string,
  state: State | null,
  options: TrioOptions,
): Promise<Trio> {
  const given: Partial<Trio> = {};
  const others: TrioOptions = { ...options };
  for (const role of ROLES) {
    const text = options[role];
    const folder = text === undefined ? "" : resolve(cwd, text);
    if (text === undefined || !existsSync(join(folder, "checkpoint.json"))) continue;
    given[role] = await readRow(folder, role);
    delete others[role];
  }
  const isWhole = ROLES.every((role) => given[role] !== undefined);
  return isWhole ? (given as Trio) : { ...findTrio(state, others), ...given };
}

async function readRow(path: string, role: Role): Promise<Checkpoint> {
  const folder = await readCheckpointFolder(path);
  if (!folder.isComplete) {
    const hint = "Copy the whole folder again, or name another checkpoint.";
    throw new MllmError("bad_checkpoint", folder.problem, { hint });
  }
  const { manifest } = folder;
  const { id, hash, jobId, stage, subset, globalStep, kind, dataHash, metrics } = manifest;
  if (subset !== role && subset !== "backbone") {
    const hint = "A role takes a checkpoint of its own, or a backbone.";
    throw new MllmError("bad_checkpoint", `${path} is a ${subset}, not a ${role}`, { hint });
  }
  return {
    ...{ id, hash, path, jobId, stage, subset, globalStep, kind, dataHash, state: "complete" },
    ...{ parentId: manifest.parent?.id ?? null, isBest: false, isLast: false, createdAt: "" },
    validationLoss: metrics.validationLoss,
    initialValidationLoss: metrics.initialValidationLoss,
  };
}
