import { MllmError } from "../../core/errors.js";
import { UNSETTLED_STATES } from "../../core/job-state.js";
import { placeKey } from "../../training/place.js";
import { reconcileJob } from "../../training/reconcile.js";
import type { Context } from "../context.js";
import { writeNote } from "../output.js";
import { openWorkspace, type Workspace } from "../workspace.js";

/** The workspace as commands show it: made by none of them, its rows in step with what the providers say. */
export async function withReconciled(
  context: Context,
  work: (workspace: Workspace) => Promise<void>,
  database: "existing" | "make" = "existing",
): Promise<void> {
  const workspace = await openWorkspace(context, { database });
  try {
    await reconcileAll(context, workspace);
    await work(workspace);
  } finally {
    workspace.close();
  }
}

/** A place that cannot be asked, for whatever reason, leaves its jobs as they were last seen. */
export async function reconcileAll(context: Context, { state, sessionOf }: Workspace): Promise<void> {
  const silent = new Set<string>();
  for (const job of state?.listJobs({ states: UNSETTLED_STATES }) ?? []) {
    if (silent.has(placeKey(job))) continue;
    try {
      await reconcileJob(await sessionOf(job), job);
    } catch (error) {
      if (!(error instanceof MllmError) || error.code === "bad_state") throw error;
      silent.add(placeKey(job));
      writeNote(context, `${error.message}; jobs there are shown as they were last seen`);
    }
  }
}
