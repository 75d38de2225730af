import { ProviderError } from "../core/errors.js";
import { isActive } from "../core/job-state.js";
import type { JobStatus } from "../providers/provider.js";
import type { Job } from "../state/rows.js";
import { endLeftovers } from "./end-leftovers.js";
import { recordStatus } from "./record-status.js";
import { registerCheckpoints } from "./register-checkpoints.js";
import { handleOf, type Session, timeOf } from "./session.js";

type ReconcileSession = Pick<Session, "state" | "provider" | "claimant" | "now">;

/**
 * Brings a row in step with what the provider says, after commands that died halfway: a living job is adopted, an
 * ended one closed and its checkpoints registered. Every command that shows or starts jobs does it with all first.
 * Returns the row as it is afterwards.
 */
export async function reconcileJob(session: ReconcileSession, job: Job): Promise<Job> {
  const { state, provider, claimant } = session;
  // Whoever is submitting it knows better than the provider, which may not have heard of it yet.
  if (job.state === "submitting" && (await claimant.isAlive(job.claimant, job.updatedAt))) return job;
  const { status, providerJobId } = await askFor(session, job);
  if (status.state === "lost" && isSettling(session, job)) return job;
  const isEnd = !isActive(status.state) && status.state !== job.state;
  // Before the end is written down: a command that dies in between leaves the job to the next one.
  if (isEnd) await registerCheckpoints({ state, provider, job, at: timeOf(session) });
  if (providerJobId !== job.providerJobId) {
    state.updateJob(job, { providerJobId, at: timeOf(session) }, [job.state]);
  }
  if (!recordStatus(session, job, { status, onlyIn: [job.state] })) return state.getJob(job.id) ?? job;
  const isAdopted = isActive(status.state) && job.state !== status.state;
  // Of two that a lost answer led to, one goes on; of a job that is over, nothing does. A lost one may be found again.
  if (isAdopted) await endLeftovers(session, job, providerJobId);
  else if (isEnd && status.state !== "lost") await endLeftovers(session, job);
  return state.getJob(job.id) ?? job;
}

/** By its label, or by the provider's own id where a list does not show it. */
async function askFor(
  { state, provider }: ReconcileSession,
  job: Job,
): Promise<{ status: JobStatus; providerJobId: string | null }> {
  const handle = handleOf(state, job);
  const providerJobId = (await provider.find(handle))?.providerJobId ?? job.providerJobId;
  if (providerJobId === null) return { status: unknownJob(provider.name), providerJobId };
  return { status: await provider.status({ ...handle, providerJobId }), providerJobId };
}

/** A provider whose answers lag may not show a job yet that was asked for a moment ago. */
function isSettling({ provider, now }: ReconcileSession, job: Job): boolean {
  const age = now().getTime() - Date.parse(job.updatedAt);
  return isActive(job.state) && age < provider.settleSeconds * 1000;
}

function unknownJob(provider: string): JobStatus {
  const reason = `${provider} knows no such job: the command that started it died`;
  return { state: "lost", raw: "unknown", reason, seconds: null, dollars: null, restarts: 0 };
}

/** Whether a failure says nothing of the job: the provider could not be asked, and may be later. */
export function isPassing(error: unknown): error is ProviderError {
  return error instanceof ProviderError && error.isRetryable;
}
