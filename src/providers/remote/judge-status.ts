import type { JobStatus } from "../provider.js";
import type { RemoteJobs } from "./remote-job.js";

/** How the provider itself sees the job. `ended`: it says so and not how; `gone`: it knows no such job. */
export type ProviderView =
  | "queued"
  | "running"
  | "succeeded"
  | "failed"
  | "cancelled"
  | "preempted"
  | "ended"
  | "gone"
  | "unknown";

export interface Evidence {
  view: ProviderView;
  /** The provider's own words. */
  raw: string;
  reason: string | null;
  runner: Awaited<ReturnType<RemoteJobs["runnerState"]>>;
  lastWord: Awaited<ReturnType<RemoteJobs["lastWord"]>>;
  dollarsPerHour: number | null;
}

type Verdict = Pick<JobStatus, "state" | "reason">;

/**
 * The runner's and the trainer's last words decide how a job ended, the provider's view whether it has. A job that
 * ended without a word is `lost` where the provider no longer knows it, `failed` where it says so.
 */
export function judgeStatus(evidence: Evidence): JobStatus {
  const { raw, runner, dollarsPerHour } = evidence;
  const seconds = runner?.spentSeconds ?? null;
  return {
    ...judge(evidence),
    raw,
    seconds,
    dollars: seconds === null || dollarsPerHour === null ? null : (seconds / 3600) * dollarsPerHour,
    restarts: runner === null ? 0 : runner.starts - 1,
  };
}

function judge(evidence: Evidence): Verdict {
  const { view, runner } = evidence;
  if (view === "queued") return { state: "queued", reason: null };
  if (view === "running" || view === "unknown") {
    return { state: runner?.state === "waiting" ? "queued" : "running", reason: null };
  }
  return judgeEnd(evidence);
}

function judgeEnd(evidence: Evidence): Verdict {
  const { runner, lastWord } = evidence;
  const end = runner?.state === "ended" ? runner : null;
  // What was trained is worth nothing where it could not be brought away.
  if (lastWord?.type === "done" && end?.reason !== "storage_failed") {
    return { state: "succeeded", reason: null };
  }
  switch (end?.reason) {
    case "deadline":
    case "parent_failed":
    case "environment_failed":
    case "storage_failed":
      return { state: "failed", reason: join(end.reason, end.message) };
    case "signal":
      return judgeSignal(evidence);
  }
  if (lastWord?.type === "failed") {
    const reason = join(lastWord.reason, lastWord.message);
    if (lastWord.reason === "cancelled") return judgeSignal(evidence);
    return { state: "failed", reason };
  }
  return judgeSilence(evidence);
}

/** Somebody asked the job to end; only the provider knows whether that was us. */
function judgeSignal({ view, reason, runner, lastWord }: Evidence): Verdict {
  const words = lastWord?.type === "failed" ? join(lastWord.reason, lastWord.message) : null;
  const why = reason ?? runner?.message ?? words;
  if (view === "preempted" || view === "failed") return { state: view, reason: why };
  return { state: "cancelled", reason: why };
}

function judgeSilence({ view, reason, runner }: Evidence): Verdict {
  if (view === "cancelled" || view === "preempted") return { state: view, reason };
  if (view === "gone" && runner?.state !== "ended") {
    return { state: "lost", reason: reason ?? "the provider knows no such job" };
  }
  const code = runner?.state === "ended" ? runner.exitCode : null;
  const exit = code === null ? "" : `exit code ${code}; `;
  const silence = `the job ended without a last word (${exit}killed, or out of memory)`;
  return { state: "failed", reason: reason ?? join(silence, runner?.message ?? null) };
}

function join(reason: string, message: string | null): string {
  return message === null ? reason : `${reason}: ${message}`;
}
