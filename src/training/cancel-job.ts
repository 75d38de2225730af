import { ACTIVE_STATES, isActive } from "../core/job-state.js";
import type { Job } from "../state/open-state.js";
import { reconcileJob } from "./reconcile.js";
import { registerCheckpoints } from "./register-checkpoints.js";
import { handleOf, type Session, timeOf } from "./session.js";

/** Ends a job and returns its row; what it has saved stays. A job that has ended already comes back as it is. */
export async function cancelJob(
  session: Pick<Session, "state" | "provider" | "claimant" | "now">,
  job: Job,
): Promise<Job> {
  const { state, provider } = session;
  const current = await reconcileJob(session, job);
  if (!isActive(current.state)) return current;
  // First, so that a command that is submitting the job at this moment learns of it and ends it itself.
  if (current.state === "submitting") {
    const at = timeOf(session);
    state.updateJob(current, { state: "cancelled", reason: "cancelled", endedAt: at, at }, ["submitting"]);
  }
  await provider.cancel(handleOf(current));
  const status = await provider.status(handleOf(current));
  const at = timeOf(session);
  // It may have come to its own end meanwhile.
  const ending = status.state === "succeeded" || status.state === "failed" ? status.state : "cancelled";
  const change = { state: ending, reason: status.reason ?? "cancelled", endedAt: at, at } as const;
  state.updateJob(current, change, ACTIVE_STATES);
  await registerCheckpoints({ state, provider, job: current, at });
  return state.getJob(job.id) ?? current;
}
