import { UNSETTLED_STATES } from "../core/job-state.js";
import { isPassing, reconcileJob } from "../training/reconcile.js";
import type { Context } from "./context.js";
import { writeNote } from "./output.js";
import { openWorkspace, type Workspace } from "./workspace.js";

/**
 * The workspace as commands show it: made by none of them, its rows in step with what the providers say. A provider
 * that cannot be asked leaves its jobs as they were last seen.
 */
export async function withReconciled(
  context: Context,
  work: (workspace: Workspace) => Promise<void>,
  database: "existing" | "make" = "existing",
): Promise<void> {
  const workspace = await openWorkspace(context, { database });
  const silent = new Set<string>();
  try {
    for (const job of workspace.state?.listJobs({ states: UNSETTLED_STATES }) ?? []) {
      if (silent.has(job.provider)) continue;
      try {
        await reconcileJob(await workspace.sessionOf(job), job);
      } catch (error) {
        if (!isPassing(error)) throw error;
        silent.add(job.provider);
        writeNote(context, `${error.message}; jobs there are shown as they were last seen`);
      }
    }
    await work(workspace);
  } finally {
    workspace.close();
  }
}
