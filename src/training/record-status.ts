import { isActive, type JobState } from "../core/job-state.js";
import type { JobStatus } from "../providers/provider.js";
import type { Job } from "../state/rows.js";
import { type Session, timeOf } from "./session.js";

type Recorder = Pick<Session, "state" | "now">;

/** Writes what the provider says into the job's row, if it is in one of these states; false if it has moved on. */
export function recordStatus(
  session: Recorder,
  job: Job,
  { status, onlyIn }: { status: JobStatus; onlyIn: readonly JobState[] },
): boolean {
  const at = timeOf(session);
  const { state, reason, restarts } = status;
  const change = { state, reason, restarts, ...whatItTook(session.state.getJob(job.id) ?? job, status), at };
  return session.state.updateJob(job, { ...change, endedAt: isActive(state) ? null : at }, onlyIn);
}

/** Seconds and dollars as far as the provider or the job's price tells; what is unknown is left as it was. */
function whatItTook(job: Job, { seconds, dollars }: JobStatus) {
  const priced =
    seconds === null || job.dollarsPerHour === null ? null : (seconds / 3600) * job.dollarsPerHour;
  const cost = dollars ?? priced;
  return { ...(seconds === null ? {} : { seconds }), ...(cost === null ? {} : { dollars: cost }) };
}
