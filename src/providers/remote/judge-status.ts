import type { JobStatus } from "../provider.js";
import type { RemoteJobs } from "./remote-job.js";

/** How the provider itself sees the job. `ended`: it says so and not how; `gone`: it knows no such job. */
export type ProviderView =
  | "queued"
  | "running"
  | "succeeded"
  | "failed"
  | "cancelled"
  | "preempted"
  | "ended"
  | "gone"
  | "unknown";

export interface Evidence {
  view: ProviderView;
  /** The provider's own words. */
  raw: string;
  reason: string | null;
  runner: Awaited<ReturnType<RemoteJobs["runnerState"]>>;
  lastWord: Awaited<ReturnType<RemoteJobs["lastWord"]>>;
  dollarsPerHour: number | null;
}

/**
 * The runner's and the trainer's last words decide how a job ended, the provider's view whether it has. A job that
 * ended without a word is `lost` where the provider no longer knows it, `failed` where it says so.
 */
export function judgeStatus(_evidence: Evidence): JobStatus {
  throw new Error("not there yet");
}
