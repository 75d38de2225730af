import { isActive, UNSETTLED_STATES } from "../core/job-state.js";
import type { Job } from "../state/open-state.js";
import { registerCheckpoints } from "./register-checkpoints.js";
import { handleOf, type Session, timeOf } from "./session.js";

type ReconcileSession = Pick<Session, "state" | "provider" | "claimant" | "now">;

/**
 * Brings the rows in step with what the provider says, after commands that died halfway: living jobs are adopted,
 * ended ones closed and their checkpoints registered. Every command that shows or starts jobs calls it first.
 */
export async function reconcile(session: ReconcileSession): Promise<void> {
  const filter = { provider: session.provider.name, states: UNSETTLED_STATES };
  for (const job of session.state.listJobs(filter)) {
    await reconcileJob(session, job);
  }
}

/** Returns the row as it is afterwards. */
export async function reconcileJob(session: ReconcileSession, job: Job): Promise<Job> {
  const { state, provider, claimant } = session;
  // Whoever is submitting it knows better than the provider, which may not have heard of it yet.
  if (job.state === "submitting" && (await claimant.isAlive(job.claimant, job.submittedAt))) return job;
  const handle = handleOf(job);
  const found = await provider.find(handle);
  const status =
    found === null
      ? {
          state: "lost" as const,
          reason: `${provider.name} knows no such job: the command that started it died`,
        }
      : await provider.status({ ...handle, providerJobId: found.providerJobId });
  const isKnown = found === null || found.providerJobId === job.providerJobId;
  if (status.state === job.state && isKnown) return job;
  const at = timeOf(session);
  const change = {
    state: status.state,
    reason: status.reason,
    endedAt: isActive(status.state) ? null : at,
    ...(found === null ? {} : { providerJobId: found.providerJobId }),
    at,
  };
  if (state.updateJob(job, change, [job.state]) && !isActive(change.state)) {
    await registerCheckpoints({ state, provider, job, at });
  }
  return state.getJob(job.id) ?? job;
}
