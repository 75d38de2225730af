import { basename } from "node:path";
import { isActive } from "../core/job-state.js";
import type { ProviderCheckpoint } from "../providers/provider.js";
import type { Job } from "../state/open-state.js";
import { readEvents } from "./read-events.js";
import { handleOf, type Session } from "./session.js";

export interface Backbone {
  job: Job;
  /** The best checkpoint; null while the job is still at work. */
  checkpoint: ProviderCheckpoint | null;
}

/**
 * The newest job that has done this work, or else one that is at it, or null. Asks the providers and changes nothing,
 * so that it holds for a dry run, and for a job whose end no command has seen yet.
 */
export async function findBackbone(
  { state, sessionOf }: { state: Session["state"]; sessionOf(job: Job): Promise<Pick<Session, "provider">> },
  jobKey: string,
): Promise<Backbone | null> {
  let working: Backbone | null = null;
  for (const job of state.listJobs({ jobKey })) {
    const { provider } = await sessionOf(job);
    const handle = handleOf(state, job);
    const status = await provider.status(handle);
    if (isActive(status.state)) working ??= { job, checkpoint: null };
    if (status.state !== "succeeded") continue;
    const { events } = await readEvents(provider, handle, null);
    const done = events.findLast((event) => event.type === "done");
    const checkpoints = await provider.checkpoints(handle);
    const best = checkpoints.find(({ path }) => done !== undefined && basename(path) === basename(done.best));
    if (best !== undefined) return { job, checkpoint: best };
  }
  return working;
}
