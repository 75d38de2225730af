import type { JobState } from "../../core/job-state.js";
import type { JobHandle, JobStatus } from "../provider.js";
import { getJob, hasEnded } from "./find-job.js";
import { isResultListed } from "./read-result.js";
import type { FineTune, VendorEvent } from "./together-answers.js";
import type { TogetherContext } from "./together-context.js";

const STATES: Readonly<Record<string, JobState>> = {
  pending: "queued",
  queued: "queued",
  running: "running",
  compressing: "running",
  uploading: "running",
  // It may still end as anything.
  cancel_requested: "running",
  completed: "succeeded",
  error: "failed",
  cancelled: "cancelled",
};

const NANODOLLARS = 1e9;

export async function readStatus(context: TogetherContext, handle: JobHandle): Promise<JobStatus> {
  const job = await getJob(context, handle);
  if (job === null) {
    const reason = "Together knows no such job";
    return { state: "lost", raw: "no job", reason, seconds: null, dollars: null, restarts: 0 };
  }
  const events = await context.api.listEvents(job.id);
  const now = context.environment.now().getTime();
  const isUnsettled = job.status === "completed" && !(await isResultListed(context, job));
  const state = STATES[job.status] ?? "running";
  return {
    state: isUnsettled ? "running" : state,
    raw: isUnsettled ? "completed, its result is not listed yet" : job.status,
    reason: reasonOf(state, events),
    seconds: secondsOf(job, { events, now }),
    dollars: typeof job.total_price === "number" ? job.total_price / NANODOLLARS : null,
    restarts: events.filter(({ type }) => type === "job_restarted").length,
  };
}

/** The vendor's words for why a job did not end well, or does not go on. */
export function reasonOf(state: JobState, events: readonly VendorEvent[]): string | null {
  if (state === "succeeded") return null;
  const telling = events.filter(
    ({ type, level }) => type === "job_error" || type === "billing_limit" || isError(level),
  );
  const words = [...new Set(telling.map(({ message }) => message).filter((message) => message !== ""))];
  if (words.length > 0) return words.slice(-3).join("; ");
  return state === "failed" ? "Together gives no reason" : null;
}

function isError(level: string | null | undefined): boolean {
  return level?.toLowerCase() === "error" || level === "legacy_ierror";
}

/** From the job's start, or its making, to its end; waiting in the vendor's queue counts where no start is told. */
function secondsOf(
  job: FineTune,
  { events, now }: { events: readonly VendorEvent[]; now: number },
): number | null {
  const started = events.find(({ type }) => type === "job_start" || type === "training_start");
  const from = Date.parse(started?.created_at ?? job.created_at ?? "");
  const to = hasEnded(job) ? Date.parse(job.updated_at ?? "") : now;
  const seconds = (to - from) / 1000;
  return Number.isNaN(seconds) ? null : Math.max(0, seconds);
}
