export const JOB_STATES = [
  "submitting",
  "queued",
  "running",
  "succeeded",
  "failed",
  "cancelled",
  "preempted",
  "lost",
] as const;
export type JobState = (typeof JOB_STATES)[number];

/** True while a process may still be at work on the job. */
export function isActive(state: JobState): boolean {
  return state === "submitting" || state === "queued" || state === "running";
}
