import { UNSETTLED_STATES } from "../src/core/job-state.js";
import { reconcileJob } from "../src/training/reconcile.js";

/** Every job of the session's provider that may have gone on without us. */
export async function reconcileAll(session: Parameters<typeof reconcileJob>[0]): Promise<void> {
  const filter = { provider: session.provider.name, states: UNSETTLED_STATES };
  for (const job of session.state.listJobs(filter)) await reconcileJob(session, job);
}
