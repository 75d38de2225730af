import type { ProviderView } from "../remote/judge-status.js";
import type { ManagedJob } from "./job-queue.js";

/** SkyPilot's words (`ManagedJobStatus`). RECOVERING looks for another machine after the first was taken away. */
const VIEWS: Record<string, ProviderView> = {
  PENDING: "queued",
  SUBMITTED: "queued",
  STARTING: "queued",
  RUNNING: "running",
  WINDING_DOWN: "running",
  RECOVERING: "running",
  CANCELLING: "running",
  SUCCEEDED: "succeeded",
  CANCELLED: "cancelled",
  FAILED: "failed",
  FAILED_SETUP: "failed",
  FAILED_PRECHECKS: "failed",
  FAILED_NO_RESOURCE: "failed",
  // The controller gave up, which says nothing about the job: the job's own last word decides.
  FAILED_CONTROLLER: "ended",
};

/** How SkyPilot sees the job; null is one that it does not know. */
export function viewOf(job: ManagedJob | null): ProviderView {
  if (job === null) return "gone";
  return VIEWS[job.status ?? ""] ?? "unknown";
}

export function isOver(job: ManagedJob): boolean {
  return !["queued", "running", "unknown"].includes(viewOf(job));
}

/** Of several under one name, the oldest that is not over; else the one that was over last. */
export function chooseJob(jobs: readonly ManagedJob[], label: string): ManagedJob | null {
  const ours = jobs.filter((job) => job.job_name === label);
  return ours.find((job) => !isOver(job)) ?? ours.at(-1) ?? null;
}

/** SkyPilot's own reason as it stands, and what it does not say: after FAILED_CONTROLLER a machine may be left. */
export function reasonOf(job: ManagedJob | null): string | null {
  const words = job?.failure_reason?.trim() || null;
  if (job?.status !== "FAILED_CONTROLLER") return words;
  const warning =
    "its cluster may still be up and cost money: look at `sky status` and at the cloud's console";
  return [words ?? "SkyPilot's controller failed", warning].join("; ");
}
