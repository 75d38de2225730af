import type { JobHandle } from "../provider.js";
import { layout } from "../remote/layout.js";
import { ownerFile } from "./batch-script.js";
import { isAlive } from "./job-state.js";
import type { SlurmJob } from "./slurm-client.js";
import type { SlurmParts } from "./slurm-parts.js";

/** The number of the attempt's Slurm job: from the queue, from accounting, or from what the job itself has left. */
export async function findJobId(parts: SlurmParts, { label, name }: JobHandle): Promise<string | null> {
  const queued = await parts.client.jobsNamed(label);
  const known = oldest(queued) ?? oldest(await parts.client.accounted({ name: label }));
  return known?.id ?? readOwner(parts, { label, name });
}

/** Of those that have not ended, if there are any. */
function oldest(jobs: readonly SlurmJob[]): SlurmJob | undefined {
  return jobs.find(({ state }) => isAlive(state)) ?? jobs[0];
}

async function readOwner(
  { storage }: SlurmParts,
  { label, name }: Pick<JobHandle, "label" | "name">,
): Promise<string | null> {
  const bytes = await storage.read(`${layout.job(name)}/${ownerFile(label)}`, 0, 64);
  return /^(\d+)\n$/.exec(bytes?.toString("utf8") ?? "")?.[1] ?? null;
}

/** The queue's record; null where the controller has forgotten it, or has given its number to another job. */
export async function readJob({ client }: SlurmParts, id: string, label: string): Promise<SlurmJob | null> {
  const found = await client.job(id);
  return found?.name === label ? found : null;
}
