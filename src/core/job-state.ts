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

/** A process may still be at work on the job. */
export const ACTIVE_STATES = ["submitting", "queued", "running"] as const satisfies readonly JobState[];

/** What is known of the job may be out of date: active, or lost and perhaps found again. */
export const UNSETTLED_STATES = [...ACTIVE_STATES, "lost"] as const satisfies readonly JobState[];

export function isActive(state: JobState): boolean {
  return (ACTIVE_STATES as readonly JobState[]).includes(state);
}
