import { basename } from "node:path";
import type { CheckpointManifest } from "../core/checkpoint.js";
import { readCheckpointFolder } from "../core/checkpoint-folder.js";
import { SUBSETS, type Subset } from "../core/roles.js";
import type { TrainerEvent } from "../core/trainer-event.js";
import type { Provider } from "../providers/provider.js";
import type { Checkpoint, Job } from "../state/rows.js";
import type { State } from "../state/state.js";
import { readEvents } from "./read-events.js";
import { handleOf } from "./session.js";
import type { Trained, TrainedPart } from "./training-event.js";

type Done = Extract<TrainerEvent, { type: "done" }>;

export interface JobCheckpoints {
  /** Null where the best checkpoint of what the job trains is missing, be it of one role. */
  trained: Trained | null;
  /** What is there, by subset. */
  parts: TrainedPart[];
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
  const results = done === null ? [] : (done.parts ?? [done]);
  const newestOf = (subset: Subset) => found.findLast(({ manifest }) => manifest.subset === subset);
  const marksOf = (path: string, subset: Subset) => ({
    isBest: results.some(({ best }) => basename(best) === basename(path)),
    isLast:
      done === null
        ? path === newestOf(subset)?.path
        : results.some(({ last }) => basename(last) === basename(path)),
  });
  for (const { path, manifest, isHere } of found) {
    const where = { path, state: isHere ? "complete" : "remote", jobId: job.id, createdAt: at } as const;
    state.saveCheckpoint({ ...recordOf(manifest), ...where, ...marksOf(path, manifest.subset) });
  }
  const present = new Set(found.map(({ manifest }) => manifest.id));
  for (const row of state.listCheckpoints({ jobId: job.id })) {
    if (row.state === "removed" || present.has(row.id)) continue;
    // What was brought here stays ours, whatever becomes of the machine that made it.
    if (row.state === "complete" && (await isWhole(row))) {
      // It may have been the last when it came.
      const isKnown = newestOf(row.subset) !== undefined || done !== null;
      if (isKnown) state.saveCheckpoint({ ...row, state: row.state, ...marksOf(row.path, row.subset) });
    } else state.markCheckpointRemoved(row.id);
  }
  const rows = state.listCheckpoints({ jobId: job.id }).filter((row) => row.state !== "removed");
  const parts = collectParts(rows);
  return { trained: joinParts(job, parts), parts, done };
}

function collectParts(rows: readonly Checkpoint[]): TrainedPart[] {
  return SUBSETS.flatMap((subset) => {
    const best = rows.find((row) => row.subset === subset && row.isBest);
    const last = rows.find((row) => row.subset === subset && row.isLast) ?? null;
    return best === undefined ? [] : [{ subset, best, last }];
  });
}

function joinParts(job: Job, parts: TrainedPart[]): Trained | null {
  const [first] = parts;
  if (first === undefined || parts.length < job.partKeys.length) return null;
  const { best, last } = first;
  return job.partKeys.length === 0 ? { best, last } : { best, last, parts };
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
