import { basename } from "node:path";
import { readCheckpointFolder } from "../core/checkpoint-folder.js";
import { MllmError } from "../core/errors.js";
import { isActive } from "../core/job-state.js";
import type { ProviderCheckpoint } from "../providers/provider.js";
import type { Job } from "../state/rows.js";
import { readEvents } from "./read-events.js";
import { handleOf, type Session } from "./session.js";

export interface Backbone {
  job: Job;
  /** The best checkpoint; null while the job is still at work. */
  checkpoint: ProviderCheckpoint | null;
}

/**
 * The newest job that has done this work, or else one that is at it, or null. Asks the providers and changes nothing,
 * so that it holds for a dry run, and for a job whose end no command has seen yet. What was brought here needs no
 * provider that still knows of it.
 */
export async function findBackbone(
  { state, sessionOf }: { state: Session["state"]; sessionOf(job: Job): Promise<Pick<Session, "provider">> },
  jobKey: string,
): Promise<Backbone | null> {
  let working: Backbone | null = null;
  for (const job of state.listJobs({ jobKey })) {
    const here = await findHere(state, job);
    try {
      const found = await ask({ state, provider: (await sessionOf(job)).provider }, job);
      if (found?.checkpoint) return found;
      working ??= found;
    } catch (error) {
      if (!(error instanceof MllmError) || here === null) throw error;
    }
    if (here !== null && working === null) return { job, checkpoint: here };
  }
  return working;
}

async function ask(
  { state, provider }: Pick<Session, "state" | "provider">,
  job: Job,
): Promise<Backbone | null> {
  const handle = handleOf(state, job);
  const status = await provider.status(handle);
  if (isActive(status.state)) return { job, checkpoint: null };
  if (status.state !== "succeeded") return null;
  const { events } = await readEvents(provider, handle, null);
  const done = events.findLast((event) => event.type === "done");
  const checkpoints = await provider.checkpoints(handle);
  const best = checkpoints.find(({ path }) => done !== undefined && basename(path) === basename(done.best));
  return best === undefined ? null : { job, checkpoint: best };
}

/** The best checkpoint of a job that is known to have succeeded, where its files are on this machine. */
async function findHere(state: Session["state"], job: Job): Promise<ProviderCheckpoint | null> {
  if (job.state !== "succeeded") return null;
  const rows = state.listCheckpoints({ jobId: job.id, state: "complete" });
  const best = rows.find((row) => row.isBest);
  const folder = best === undefined ? null : await readCheckpointFolder(best.path);
  if (!folder?.isComplete || folder.manifest.id !== best?.id) return null;
  return { path: folder.path, manifest: folder.manifest, isHere: true };
}
