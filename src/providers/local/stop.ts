import { ProviderError, systemErrorCode } from "../../core/errors.js";
import type { JobHandle } from "../provider.js";
import { findLiving } from "./job-folder.js";
import type { LocalSettings } from "./local-settings.js";
import { isProcessAlive, type ProcessMark } from "./process-liveness.js";

const POLL_MILLISECONDS = 50;
const KILL_TIMEOUT_SECONDS = 30;

/** Ends the job's processes: asked first, killed after the grace period. Returns when none is left. */
export async function stop(settings: LocalSettings, job: JobHandle): Promise<void> {
  for (let living = await findLiving(job); living !== null; living = await findLiving(job)) {
    signalGroup(living.pid, "SIGTERM");
    if (!(await waitUntilGone(settings, living, settings.graceSeconds ?? 20))) {
      signalGroup(living.pid, "SIGKILL");
      if (!(await waitUntilGone(settings, living, KILL_TIMEOUT_SECONDS))) {
        throw new ProviderError("local", `process ${living.pid} of ${job.jobId} does not end`, {
          hint: `Look at it with ps -p ${living.pid}; it waits for the system, often for a disk or a GPU.`,
          isRetryable: true,
        });
      }
    }
    // Data loader workers and the like, should they outlive their leader.
    signalGroup(living.pid, "SIGKILL", { onlyGroup: true });
  }
}

async function waitUntilGone(settings: LocalSettings, mark: ProcessMark, seconds: number): Promise<boolean> {
  for (let waited = 0; waited <= seconds * 1000; waited += POLL_MILLISECONDS) {
    if (!(await isProcessAlive(mark))) return true;
    await settings.sleep(POLL_MILLISECONDS);
  }
  return false;
}

/** Where the process leads no group (a wrapper started it), the process alone. Gone is not an error. */
export function signalGroup(pid: number, signal: NodeJS.Signals, { onlyGroup = false } = {}): void {
  for (const target of onlyGroup ? [-pid] : [-pid, pid]) {
    try {
      process.kill(target, signal);
      return;
    } catch (error) {
      if (systemErrorCode(error) !== "ESRCH") throw error;
    }
  }
}
