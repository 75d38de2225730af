import { ProviderError } from "../core/errors.js";
import { isActive, UNSETTLED_STATES } from "../core/job-state.js";
import type { JobStatus } from "../providers/provider.js";
import type { Job } from "../state/open-state.js";
import { endLeftovers } from "./end-leftovers.js";
import { recordStatus } from "./record-status.js";
import { registerCheckpoints } from "./register-checkpoints.js";
import { handleOf, type Session, timeOf } from "./session.js";

type ReconcileSession = Pick<Session, "state" | "provider" | "claimant" | "now">;

/**
 * Brings the rows in step with what the provider says, after commands that died halfway: living jobs are adopted,
 * ended ones closed and their checkpoints registered. Every command that shows or starts jobs calls it first.
 */
export async function reconcile(session: ReconcileSession): Promise<void> {
  const filter = { provider: session.provider.name, states: UNSETTLED_STATES };
  for (const job of session.state.listJobs(filter)) await reconcileJob(session, job);
}

/** Returns the row as it is afterwards. */
export async function reconcileJob(session: ReconcileSession, job: Job): Promise<Job> {
  const { state, provider, claimant } = session;
  // Whoever is submitting it knows better than the provider, which may not have heard of it yet.
  if (job.state === "submitting" && (await claimant.isAlive(job.claimant, job.submittedAt))) return job;
  const handle = handleOf(state, job);
  const found = await provider.find(handle);
  if (found === null && isSettling(session, job)) return job;
  const status = found === null ? unknownJob(provider.name) : await provider.status({ ...handle, ...found });
  if (found !== null && found.providerJobId !== job.providerJobId) {
    state.updateJob(job, { ...found, at: timeOf(session) }, [job.state]);
  }
  if (!recordStatus(session, job, { status, onlyIn: [job.state] })) return state.getJob(job.id) ?? job;
  const isAdopted = isActive(status.state) && found !== null && job.state !== status.state;
  if (isAdopted) await endLeftovers(session, job, found.providerJobId);
  else if (!isActive(status.state) && status.state !== job.state) await settleEnded(session, job);
  return state.getJob(job.id) ?? job;
}

/** A provider whose lists lag may not show a job yet that was asked for just before its command died. */
function isSettling({ provider, now }: ReconcileSession, job: Job): boolean {
  const age = now().getTime() - Date.parse(job.updatedAt);
  return job.state === "submitting" && age < provider.settleSeconds * 1000;
}

/** Registers what an ended job has left behind, and sees to it that nothing of it goes on costing. */
async function settleEnded(session: ReconcileSession, job: Job): Promise<void> {
  const { state, provider } = session;
  await registerCheckpoints({ state, provider, job, at: timeOf(session) });
  await endLeftovers(session, job);
}

function unknownJob(provider: string): JobStatus {
  const reason = `${provider} knows no such job: the command that started it died`;
  return { state: "lost", raw: "unknown", reason, seconds: null, dollars: null, restarts: 0 };
}

/** Whether a failure says nothing of the job: the provider could not be asked, and may be later. */
export function isPassing(error: unknown): error is ProviderError {
  return error instanceof ProviderError && error.isRetryable;
}
