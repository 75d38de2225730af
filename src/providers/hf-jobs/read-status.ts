import type { JobHandle, JobStatus } from "../provider.js";
import { judgeStatus } from "../remote/judge-status.js";
import { createRemoteJobs } from "../remote/remote-job.js";
import { locateJob } from "./find-job.js";
import { type HfJob, isEnded, viewOf } from "./job.js";
import type { HfJobsPlace } from "./place.js";

/** While it runs, the vendor alone is asked; afterwards what runner and trainer said last decides. */
export async function readStatus(place: HfJobsPlace, handle: JobHandle): Promise<JobStatus> {
  const job = await locateJob(await place.jobs(), handle);
  const view = job === null ? { view: "gone" as const, raw: "not found", reason: null } : viewOf(job);
  const isOver = job === null || isEnded(job);
  const remote = isOver ? createRemoteJobs(await place.storage()) : null;
  // In this order: what was said before the end is read after it.
  const runner = (await remote?.runnerState(handle)) ?? null;
  const lastWord = (await remote?.lastWord(handle)) ?? null;
  const status = judgeStatus({ ...view, runner, lastWord, dollarsPerHour: null });
  const seconds = job?.durations?.runningSecs ?? status.seconds;
  return { ...status, seconds, dollars: await price(place, job, seconds) };
}

/** Each minute that was begun is paid for. */
async function price(place: HfJobsPlace, job: HfJob | null, seconds: number | null): Promise<number | null> {
  if (job === null || seconds === null) return null;
  const perHour = (await place.prices()).get(job.flavor);
  return perHour == null ? null : (Math.ceil(seconds / 60) / 60) * perHour;
}
