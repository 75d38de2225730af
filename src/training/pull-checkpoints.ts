import { rm } from "node:fs/promises";
import { MllmError } from "../core/errors.js";
import type { ProviderCheckpoint } from "../providers/provider.js";
import type { Job } from "../state/rows.js";
import { registerCheckpoints } from "./register-checkpoints.js";
import { findDependents } from "./remove-checkpoint.js";
import { handleOf, type Session, timeOf } from "./session.js";
import { describeJob, type TrainingEvent } from "./training-event.js";

type Puller = Pick<Session, "state" | "provider" | "now">;

/**
 * Brings a job's complete checkpoints here, or one of them, as far as they are not, and registers them. One that the
 * trainer has replaced meanwhile is passed over.
 */
export async function* pullCheckpoints(
  session: Puller,
  job: Job,
  id: string | null = null,
): AsyncGenerator<TrainingEvent> {
  const { state, provider } = session;
  const found = await provider.checkpoints(handleOf(state, job));
  const wanted = found.filter(({ manifest, isHere }) => !isHere && (id === null || manifest.id === id));
  for (const checkpoint of wanted) yield* pullOne(session, job, checkpoint);
  if (wanted.length > 0) await registerCheckpoints({ state, provider, job, at: timeOf(session) });
}

async function* pullOne(
  session: Puller,
  job: Job,
  checkpoint: ProviderCheckpoint,
): AsyncGenerator<TrainingEvent> {
  const { provider, state } = session;
  const { id } = checkpoint.manifest;
  try {
    for await (const { bytes, totalBytes } of provider.pull(handleOf(state, job), checkpoint)) {
      yield { ...describeJob(job, timeOf(session)), type: "pulling", id, bytes, totalBytes };
    }
    yield { ...describeJob(job, timeOf(session)), type: "pulled", id, path: checkpoint.path };
  } catch (error) {
    if (!(error instanceof MllmError) || error.code !== "not_found") throw error;
  }
}

/**
 * Deletes what was brought here of a job that is done and is neither its best nor its last, as its trainer did, unless
 * something came from it.
 */
export async function dropReplaced({ state, provider }: Puller, job: Job): Promise<void> {
  const rows = state.listCheckpoints({ jobId: job.id, state: "complete" });
  if (!rows.some((row) => row.isBest) || !rows.some((row) => row.isLast)) return;
  const there = await provider.checkpoints(handleOf(state, job));
  for (const row of rows) {
    const { id, path, isBest, isLast } = row;
    if (isBest || isLast || there.some(({ manifest }) => manifest.id === id)) continue;
    const { heirs, jobs } = findDependents(state, row);
    if (heirs.length > 0 || jobs.length > 0) continue;
    await rm(path, { recursive: true, force: true });
    state.markCheckpointRemoved(id);
  }
}
