import { basename } from "node:path";
import type { CheckpointManifest } from "../core/checkpoint.js";
import type { Job } from "../state/open-state.js";
import { readEvents } from "./read-events.js";
import { handleOf, type Session } from "./session.js";

interface Backbone {
  job: Job;
  /** The checkpoint's folder. */
  path: string;
  manifest: CheckpointManifest;
}

/**
 * The best checkpoint of the newest job that has done this work, or null. Asks the provider and changes nothing, so
 * that it holds for a dry run, and for a job whose end no command has seen yet.
 */
export async function findBackbone(
  { state, provider }: Pick<Session, "state" | "provider">,
  jobKey: string,
): Promise<Backbone | null> {
  for (const job of state.listJobs({ jobKey, provider: provider.name })) {
    const handle = handleOf(job);
    if ((await provider.status(handle)).state !== "succeeded") continue;
    const { events } = await readEvents(provider, handle, null);
    const done = events.findLast((event) => event.type === "done");
    const checkpoints = await provider.checkpoints(handle);
    const best = checkpoints.find(({ path }) => done !== undefined && basename(path) === basename(done.best));
    if (best !== undefined) return { job, ...best };
  }
  return null;
}
