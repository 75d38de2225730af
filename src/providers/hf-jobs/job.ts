import { z } from "zod";
import type { ProviderView } from "../remote/judge-status.js";

/** What the API says of a job, as far as we read it. Its published schema has no `labels`; its own client reads them. */
export const HfJob = z.object({
  id: z.string().min(1),
  createdAt: z.string(),
  startedAt: z.string().nullish(),
  status: z.object({
    stage: z.string(),
    message: z.string().nullish(),
    cancelReason: z.string().nullish(),
  }),
  flavor: z.string(),
  /** Seconds. */
  timeout: z.number().nullish(),
  environment: z.record(z.string(), z.unknown()).nullish(),
  labels: z.record(z.string(), z.unknown()).nullish(),
  durations: z.object({ runningSecs: z.number().nullish() }).nullish(),
});
export type HfJob = z.infer<typeof HfJob>;

const VIEWS: Record<string, ProviderView> = {
  SCHEDULING: "queued",
  RUNNING: "running",
  UPDATING: "running",
  COMPLETED: "succeeded",
  ERROR: "failed",
  CANCELED: "cancelled",
  DELETED: "cancelled",
};
const ENDED: readonly ProviderView[] = ["succeeded", "failed", "cancelled"];

/** Our label, which travels as a label and once more in the environment. */
export function labelOf({ labels, environment }: HfJob): string | null {
  const label = labels?.mllm ?? environment?.MLLM_LABEL;
  return typeof label === "string" ? label : null;
}

export function isEnded(job: HfJob): boolean {
  return ENDED.includes(VIEWS[job.status.stage] ?? "unknown");
}

/** How the vendor sees the job: a word that is not known says nothing. */
export function viewOf(job: HfJob): { view: ProviderView; raw: string; reason: string | null } {
  const { stage, message, cancelReason } = job.status;
  const raw = [stage, cancelReason, message].filter(Boolean).join(": ");
  const view = VIEWS[stage] ?? "unknown";
  // Billing ended it, not we: what was trained is there, and the job can go on.
  if (stage === "CANCELED" && cancelReason) {
    const words = message ? ` (${message})` : "";
    return {
      view: "failed",
      raw,
      reason: `stopped by Hugging Face: ${cancelReason}${words}; can be resumed from its last checkpoint`,
    };
  }
  if (view === "failed") return { view, raw, reason: failureReason(job) };
  return { view, raw, reason: message || null };
}

/** The vendor's text for a timeout is not documented, so the time tells it as well. */
function failureReason({ status, durations, timeout }: HfJob): string | null {
  const words = status.message || null;
  const ran = durations?.runningSecs;
  const isOver = timeout != null && ran != null && ran >= timeout;
  if (!isOver && !/time[d ]?-?\s?out/i.test(words ?? "")) {
    return /\b137\b/.test(words ?? "") ? `${words} (killed, or out of memory)` : words;
  }
  return `deadline: the job's time at Hugging Face was over${words === null ? "" : ` (${words})`}`;
}
