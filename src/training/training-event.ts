import type { JobState } from "../core/job-state.js";
import type { Subset } from "../core/roles.js";
import type { TrainerEvent } from "../core/trainer-event.js";
import type { Checkpoint, Job } from "../state/open-state.js";

/** Which job an event is about. */
interface EventJob {
  jobId: string;
  stage: 1 | 2;
  subset: Subset;
  attempt: number;
  provider: string;
  outputDir: string;
  /** ISO text; the trainer's own time for its own events. */
  time: string;
}

type TrainerProgress = Exclude<TrainerEvent, { type: "done" | "failed" }>;

/**
 * What happens while jobs are driven; plain data, one JSON line each with `--json`. Every job ends in exactly one of
 * `already_done`, `done`, `failed`, `detached`, `left_running` and `not_started`.
 */
export type TrainingEvent =
  | (EventJob & { type: "already_done"; best: Checkpoint; last: Checkpoint | null })
  /** A trainer was started; `isResume`: it goes on from the last complete checkpoint of an earlier attempt. */
  | (EventJob & { type: "submitted"; providerJobId: string; isResume: boolean })
  /** The job was found at work, started by another command or an earlier one. */
  | (EventJob & { type: "attached"; providerJobId: string | null })
  /** Nothing can be done at the moment, said once for every reason. `isFull`: the next provider is asked. */
  | (EventJob & { type: "waiting"; reason: string; isFull?: true })
  | (EventJob & TrainerProgress)
  /** A checkpoint comes here from where the job runs. */
  | (EventJob & { type: "pulling"; id: string; bytes: number; totalBytes: number })
  | (EventJob & { type: "pulled"; id: string; path: string })
  /** Its machine was taken away; it goes on elsewhere from its last complete checkpoint. */
  | (EventJob & { type: "preempted"; reason: string })
  | (EventJob & { type: "done"; best: Checkpoint; last: Checkpoint | null; seconds: number | null })
  | (EventJob & { type: "failed"; state: JobState; reason: string; hint: string | null })
  /** Submitted, and not waited for because the caller asked for that. */
  | (EventJob & { type: "detached" })
  /** The user interrupted; the trainer goes on. */
  | (EventJob & { type: "left_running" })
  /** Never submitted: interrupted before, no free place while detaching, or stage 1 did not succeed. */
  | (Omit<EventJob, "jobId" | "attempt"> & { type: "not_started"; reason: string });

export function describeJob(job: Job, time: string): EventJob {
  const { id, stage, subset, attempt, provider, outputDir } = job;
  return { jobId: id, stage, subset, attempt, provider, outputDir, time };
}
