import { basename } from "node:path";
import type { CheckpointManifest } from "../core/checkpoint.js";
import { readCheckpointFolder } from "../core/checkpoint-folder.js";
import type { TrainerEvent } from "../core/trainer-event.js";
import type { Provider } from "../providers/provider.js";
import type { Checkpoint, Job, State } from "../state/open-state.js";
import { readEvents } from "./read-events.js";
import { handleOf } from "./session.js";

type Done = Extract<TrainerEvent, { type: "done" }>;

export interface JobCheckpoints {
  best: Checkpoint | null;
  last: Checkpoint | null;
  /** The trainer's closing event, where it succeeded. */
  done: Done | null;
}

/**
 * Brings the database in step with what the provider has of a job: complete checkpoints are saved with their
 * lineage, rows whose checkpoint is neither there nor here are marked as removed. Best and last come from the
 * trainer's last word; without one there is no best yet.
 */
export async function registerCheckpoints({
  state,
  provider,
  job,
  at,
}: {
  state: State;
  provider: Provider;
  job: Job;
  at: string;
}): Promise<JobCheckpoints> {
  const handle = handleOf(state, job);
  const found = await provider.checkpoints(handle);
  const { events } = await readEvents(provider, handle, null);
  const done = events.findLast((event): event is Done => event.type === "done") ?? null;
  const newest = found.at(-1);
  const marksOf = (path: string) => ({
    isBest: done !== null && basename(done.best) === basename(path),
    isLast: done === null ? path === newest?.path : basename(done.last) === basename(path),
  });
  for (const { path, manifest, isHere } of found) {
    const where = { path, state: isHere ? "complete" : "remote", jobId: job.id, createdAt: at } as const;
    state.saveCheckpoint({ ...recordOf(manifest), ...where, ...marksOf(path) });
  }
  const present = new Set(found.map(({ manifest }) => manifest.id));
  for (const row of state.listCheckpoints({ jobId: job.id })) {
    if (row.state === "removed" || present.has(row.id)) continue;
    // What was brought here stays ours, whatever becomes of the machine that made it.
    if (row.state === "complete" && (await isWhole(row))) {
      // It may have been the last when it came.
      const isKnown = newest !== undefined || done !== null;
      if (isKnown) state.saveCheckpoint({ ...row, state: row.state, ...marksOf(row.path) });
    } else state.markCheckpointRemoved(row.id);
  }
  const rows = state.listCheckpoints({ jobId: job.id }).filter((row) => row.state !== "removed");
  return { best: rows.find((row) => row.isBest) ?? null, last: rows.find((row) => row.isLast) ?? null, done };
}

async function isWhole({ id, path }: Checkpoint): Promise<boolean> {
  const folder = await readCheckpointFolder(path);
  return folder.isComplete && folder.manifest.id === id;
}

function recordOf(manifest: CheckpointManifest) {
  const { id, hash, stage, subset, globalStep, kind, parent, dataHash, metrics } = manifest;
  return {
    id,
    hash,
    stage,
    subset,
    globalStep,
    kind,
    parentId: parent?.id ?? null,
    dataHash,
    validationLoss: metrics.validationLoss,
    initialValidationLoss: metrics.initialValidationLoss,
  };
}
