import type { JobState } from "../core/job-state.js";
import type { JobSubset, Subset } from "../core/roles.js";
import type { TrainerEvent } from "../core/trainer-event.js";
import type { Checkpoint, Job } from "../state/rows.js";

/** Which job an event is about. */
interface EventJob {
  jobId: string;
  stage: 1 | 2;
  /** Of a job of several roles, in what its trainer says: the role that is at work. */
  subset: JobSubset;
  attempt: number;
  provider: string;
  outputDir: string;
  /** ISO text; the trainer's own time for its own events. */
  time: string;
}

type WithoutSubset<T> = T extends unknown ? Omit<T, "subset"> : never;
type TrainerProgress = WithoutSubset<Exclude<TrainerEvent, { type: "done" | "failed" }>>;

export interface TrainedPart {
  subset: Subset;
  best: Checkpoint;
  last: Checkpoint | null;
}

/** What a job has trained. Of a job of several roles `parts` has each, and what stands beside it is the first one's. */
export interface Trained {
  best: Checkpoint;
  last: Checkpoint | null;
  parts?: TrainedPart[];
}

/**
 * What happens while jobs are driven; plain data, one JSON line each with `--json`. Every job ends in exactly one of
 * `already_done`, `done`, `failed`, `detached`, `left_running` and `not_started`.
 */
export type TrainingEvent =
  | (EventJob & Trained & { type: "already_done" })
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
  | (EventJob & Trained & { type: "done"; seconds: number | null })
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
