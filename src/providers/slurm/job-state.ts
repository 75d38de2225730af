import type { ProviderView } from "../remote/judge-status.js";

/** Slurm's words (`job_state_string` of its sources, 22.05 to 25.11), the flags among them included. */
const VIEWS: Record<string, ProviderView> = {
  PENDING: "queued",
  CONFIGURING: "queued",
  EXPEDITING: "queued",
  POWER_UP_NODE: "queued",
  REQUEUED: "queued",
  REQUEUE_FED: "queued",
  REQUEUE_HOLD: "queued",
  SPECIAL_EXIT: "queued",
  RESV_DEL_HOLD: "queued",
  RUNNING: "running",
  // Its processes may still be there.
  COMPLETING: "running",
  RESIZING: "running",
  SIGNALING: "running",
  STAGE_OUT: "running",
  STOPPED: "running",
  SUSPENDED: "running",
  UPDATE_DB: "running",
  COMPLETED: "succeeded",
  BOOT_FAIL: "failed",
  DEADLINE: "failed",
  FAILED: "failed",
  LAUNCH_FAILED: "failed",
  OUT_OF_MEMORY: "failed",
  REVOKED: "failed",
  TIMEOUT: "failed",
  CANCELLED: "cancelled",
  NODE_FAIL: "preempted",
  PREEMPTED: "preempted",
};

/** Of `CANCELLED by 1000`, `CANCELLED+` and the like the first word counts; one that is not known is `unknown`. */
export function viewOfState(state: string): ProviderView {
  return VIEWS[/^[A-Z_]+/.exec(state)?.[0] ?? ""] ?? "unknown";
}

/** Slurm may still start, or still runs, something of this job. */
export function isAlive(state: string): boolean {
  return ["queued", "running", "unknown"].includes(viewOfState(state));
}

/** sbatch refused it: such a job was given a number and nothing else. */
export function isRefused({ state, reason }: { state: string; reason: string }): boolean {
  return state === "FAILED" && reason === "BadConstraints";
}
