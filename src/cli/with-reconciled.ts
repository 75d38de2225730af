import { UNSETTLED_STATES } from "../core/job-state.js";
import { reconcile } from "../training/reconcile.js";
import type { Context } from "./context.js";
import { openWorkspace, type Workspace } from "./workspace.js";

/** The workspace as commands show it: made by none of them, its rows in step with what the providers say. */
export async function withReconciled(
  context: Context,
  work: (workspace: Workspace) => Promise<void>,
): Promise<void> {
  const workspace = await openWorkspace(context, { database: "existing" });
  try {
    const jobs = workspace.state?.listJobs({ states: UNSETTLED_STATES }) ?? [];
    for (const provider of new Set(jobs.map((job) => job.provider))) {
      await reconcile(workspace.sessionWith(provider));
    }
    await work(workspace);
  } finally {
    workspace.close();
  }
}
