import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { readCheckpointFolder } from "../core/checkpoint-folder.js";
import { explainSystemError, MllmError } from "../core/errors.js";
import { isActive } from "../core/job-state.js";
import type { Checkpoint, Job } from "../state/rows.js";
import type { State } from "../state/state.js";

/**
 * Deletes a checkpoint's folder; its row stays, for the lineage. Refuses while others descend from it or jobs that may
 * go on start from it, while its own job is at work, and where the folder holds something else, unless forced.
 */
export async function removeCheckpoint(
  state: State,
  row: Checkpoint,
  { isForced }: { isForced: boolean },
): Promise<void> {
  if (row.state === "remote") {
    throw new MllmError("bad_checkpoint", `${row.id} is where its job ran, and nothing of it here`, {
      hint: "Delete it there; what is no longer there is marked as removed by itself.",
    });
  }
  if (!isForced) await refuse(state, row);
  try {
    // The manifest first: half a checkpoint must never look like a whole one.
    await rm(join(row.path, "checkpoint.json"), { force: true });
    await rm(row.path, { recursive: true, force: true });
  } catch (error) {
    throw explainSystemError(error, row.path);
  }
  state.markCheckpointRemoved(row.id);
}

/** Checkpoints that descend from it, and jobs that start from it and may have to do so again. */
export function findDependents(
  state: Pick<State, "listCheckpoints" | "listJobs">,
  row: Checkpoint,
): { heirs: Checkpoint[]; jobs: Job[] } {
  const descended = state.listCheckpoints({ parentId: row.id });
  const jobs = state.listJobs().filter((each) => each.state !== "succeeded" && startsFrom(each, row));
  return { heirs: descended.filter((heir) => heir.state !== "removed"), jobs };
}

/** A job that has not succeeded may still be resumed, for which it needs its parent. */
function startsFrom({ spec }: Job, row: Checkpoint): boolean {
  const { parent } = spec;
  return typeof parent === "object" && parent !== null && "id" in parent && parent.id === row.id;
}

async function refuse(state: State, row: Checkpoint): Promise<void> {
  const hint = `mllm checkpoints remove ${row.id} --force removes it all the same.`;
  const { heirs, jobs } = findDependents(state, row);
  if (heirs.length > 0) {
    const names = heirs.map((heir) => heir.id).join(", ");
    throw new MllmError("bad_checkpoint", `${row.id} is what ${names} came from`, { hint });
  }
  if (jobs.length > 0) {
    const names = jobs.map((each) => `${each.id} (${each.state})`).join(", ");
    throw new MllmError("bad_checkpoint", `${row.id} is what ${names} starts from`, { hint });
  }
  const job = state.getJob(row.jobId);
  if (job !== null && isActive(job.state)) {
    throw new MllmError("already_running", `${row.id} belongs to ${job.id}, which is ${job.state}`, {
      hint: `mllm jobs cancel ${job.id} ends the job first.`,
    });
  }
  const folder = await readCheckpointFolder(row.path);
  const isOther = folder.isComplete ? folder.manifest.id !== row.id : existsSync(row.path);
  if (isOther) {
    const found = folder.isComplete ? `holds ${folder.manifest.id}` : `is damaged: ${folder.problem}`;
    throw new MllmError("bad_checkpoint", `${row.path} ${found}`, { hint });
  }
}
