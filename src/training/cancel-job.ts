import { MllmError } from "../core/errors.js";
import { isActive, UNSETTLED_STATES } from "../core/job-state.js";
import type { Job } from "../state/rows.js";
import { endLeftovers } from "./end-leftovers.js";
import { reconcileJob } from "./reconcile.js";
import { recordStatus } from "./record-status.js";
import { registerCheckpoints } from "./register-checkpoints.js";
import { handleOf, pause, type Session, timeOf } from "./session.js";

/**
 * Ends a job and returns its row; what it has saved stays. A job that has ended already comes back as it is. Where
 * the provider does not say that its machine is gone, the provider's error comes out and the job stays as it was.
 */
export async function cancelJob(session: Session, job: Job): Promise<Job> {
  const { state, provider } = session;
  const current = await findOut(session, job);
  if (!isActive(current.state)) return current;
  // First, so that a command that is submitting the job at this moment learns of it and ends it itself.
  if (current.state === "submitting") {
    const at = timeOf(session);
    state.updateJob(current, { state: "cancelled", reason: "cancelled", endedAt: at, at }, ["submitting"]);
  }
  const handle = handleOf(state, current);
  await provider.cancel(handle);
  await endLeftovers(session, current);
  const status = await provider.status(handle);
  // It may have come to its own end meanwhile.
  const ending = status.state === "succeeded" || status.state === "failed" ? status.state : "cancelled";
  const closed = { ...status, state: ending, reason: status.reason ?? "cancelled" } as const;
  // A command that follows it may have seen it gone, and not by whose wish.
  recordStatus(session, current, { status: closed, onlyIn: UNSETTLED_STATES });
  await registerCheckpoints({ state, provider, job: current, at: timeOf(session) });
  return state.getJob(job.id) ?? current;
}

/** What a command asked for that has died since may not show up yet, and would not be ended. */
async function findOut(session: Session, job: Job): Promise<Job> {
  const { claimant, signal } = session;
  for (;;) {
    const current = await reconcileJob(session, job);
    const isOpen =
      current.state === "submitting" && !(await claimant.isAlive(current.claimant, current.updatedAt));
    if (!isOpen) return current;
    if (signal.aborted) throw new MllmError("interrupted", `interrupted before ${job.id} was ended`);
    await pause(session);
  }
}
