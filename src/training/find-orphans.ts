import { dirname, join } from "node:path";
import { isActive } from "../core/job-state.js";
import type { ListedJob } from "../providers/provider.js";
import type { Job } from "../state/rows.js";
import type { State } from "../state/state.js";
import { parseLabel } from "./job-label.js";
import { handleOf, type Session } from "./session.js";

/** Something alive at a provider that no job of ours stands behind. */
export interface Orphan extends ListedJob {
  provider: string;
  jobId: string | null;
  reason:
    | "no such job"
    | "its job has ended"
    | "a newer attempt is on"
    | "a second one of its job"
    | "past its deadline";
}

export interface Found {
  orphans: Orphan[];
  /** Alive and of other state folders: their business. */
  foreign: ListedJob[];
}

/** The runner ends a job at its deadline; what is alive so much later has lost its runner. */
const DEADLINE_GRACE_SECONDS = 1800;

/** Compares what a provider has with what the database knows. Reconcile first, so that the database is up to date. */
export async function findOrphans(session: Pick<Session, "state" | "provider" | "now">): Promise<Found> {
  const { state, provider } = session;
  // In this order: a row is written before its machine is asked for, so what is listed has its row by now.
  const alive = await provider.list();
  const jobs = new Map(state.listJobs().map((job) => [handleOf(state, job).name, job]));
  const found: Found = { orphans: [], foreign: [] };
  for (const listed of alive) {
    const label = parseLabel(listed.label);
    if (label?.workspaceId !== state.workspaceId) {
      found.foreign.push(listed);
      continue;
    }
    const job = jobs.get(label.name) ?? null;
    const reason = whyOrphan(job, { listed, attempt: label.attempt, now: session.now() });
    if (reason !== null)
      found.orphans.push({ ...listed, provider: provider.name, jobId: job?.id ?? null, reason });
  }
  return found;
}

function whyOrphan(
  job: Job | null,
  { listed, attempt, now }: { listed: ListedJob; attempt: number; now: Date },
): Orphan["reason"] | null {
  if (job === null) return "no such job";
  const isItsOwn = isActive(job.state) && job.providerJobId === listed.providerJobId;
  if (attempt !== job.attempt && !isItsOwn) return "a newer attempt is on";
  // Lost: what was found again here is adopted by the next look, not ended.
  if (!isActive(job.state) && job.state !== "lost") return "its job has ended";
  if (job.providerJobId !== null && job.providerJobId !== listed.providerJobId)
    return "a second one of its job";
  return isPastDeadline(job, listed, now) ? "past its deadline" : null;
}

function isPastDeadline(job: Job, { startedAt }: ListedJob, now: Date): boolean {
  const { deadlineSeconds } = job.spec;
  // Waiting for a GPU or for the backbone is no work, and the deadline does not count it.
  if (startedAt === null || typeof deadlineSeconds !== "number" || job.state === "queued") return false;
  // By our clock and by theirs: one that is wrong must not end a healthy job.
  const start = Math.max(Date.parse(startedAt), Date.parse(job.submittedAt));
  return (now.getTime() - start) / 1000 > deadlineSeconds + DEADLINE_GRACE_SECONDS;
}

/** Ends an orphan; returns when the provider says that it is gone, and throws where it cannot tell. */
export async function endOrphan(
  { state, provider }: { state: State; provider: Session["provider"] },
  { label, providerJobId }: ListedJob,
): Promise<void> {
  const { name, jobId } = parseLabel(label) ?? { name: label, jobId: label };
  // Of a job that no row tells of, the folder is where every job has its own.
  const outputDir = state.getJob(jobId)?.outputDir ?? join(dirname(state.path), "jobs", jobId);
  await provider.cancel({ jobId, name, label, providerJobId, outputDir });
}
