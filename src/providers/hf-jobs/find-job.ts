import type { JobHandle } from "../provider.js";
import { type HfJob, isEnded, labelOf } from "./job.js";
import { type JobsAccess, listJobs, readJob } from "./jobs-client.js";

/** Of several, whoever asks, the same: the oldest that has not ended; else the newest. */
export async function findJob(
  access: JobsAccess,
  { label }: Pick<JobHandle, "label">,
): Promise<HfJob | null> {
  const listed = await listJobs(access, `label=${encodeURIComponent(`mllm=${label}`)}`);
  const ours = listed
    .filter((job) => labelOf(job) === label)
    .sort((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt) || (a.id < b.id ? -1 : 1));
  return ours.find((job) => !isEnded(job)) ?? ours.at(-1) ?? null;
}

/** Null where the vendor knows none. */
export async function locateJob(access: JobsAccess, job: JobHandle): Promise<HfJob | null> {
  return job.providerJobId === null ? findJob(access, job) : readJob(access, job.providerJobId);
}
