import { isActive, UNSETTLED_STATES } from "../core/job-state.js";
import type { TrainerEvent } from "../core/trainer-event.js";
import type { JobStatus } from "../providers/provider.js";
import type { Job } from "../state/open-state.js";
import { mergeEvents } from "./merge-events.js";
import { readEvents } from "./read-events.js";
import { registerCheckpoints } from "./register-checkpoints.js";
import { handleOf, pause, type Session, timeOf } from "./session.js";
import { describeJob, type TrainingEvent } from "./training-event.js";

type Failure = Extract<TrainerEvent, { type: "failed" }>;

/** Follows a submitted job to its end: yields what the trainer says, then `done`, `failed` or `left_running`. */
export async function* watchJob(
  session: Session,
  job: Job,
  /** From where to read events; null begins with the newest attempt's first. */
  from: string | null = null,
): AsyncGenerator<TrainingEvent> {
  const { provider, state } = session;
  const handle = handleOf(job);
  let cursor = from;
  let isFirst = from === null;
  let failure: Failure | null = null;
  while (await isBeingSubmitted(session, job)) await pause(session);
  for (;;) {
    // In this order: what a trainer wrote before it ended is read after its end was seen.
    const status = await provider.status(handle);
    const read = await readEvents(provider, handle, cursor);
    cursor = read.cursor;
    const events = isFirst ? sinceStart(read.events, job.submittedAt) : read.events;
    isFirst = false;
    for (const event of events) {
      if (event.type === "started") failure = null;
      if (event.type === "failed") failure = event;
      // The job's own words count: the trainer numbers its attempts by itself.
      else if (event.type !== "done") yield { ...event, ...describeJob(job, event.time) };
    }
    if (state.getJob(job.id)?.state !== status.state) updateState(session, job, status);
    if (!isActive(status.state)) {
      yield await closeJob(session, job, { status, failure });
      return;
    }
    if (session.signal.aborted) {
      yield { ...describeJob(job, timeOf(session)), type: "left_running" };
      return;
    }
    await pause(session);
  }
}

/** While a living command submits it, the provider may not have heard of the job yet. */
async function isBeingSubmitted({ state, claimant, signal }: Session, { id }: Job): Promise<boolean> {
  const job = state.getJob(id);
  if (job?.state !== "submitting" || signal.aborted) return false;
  return claimant.isAlive(job.claimant, job.submittedAt);
}

/** Follows several jobs, each with the session of its provider, to their ends. */
export function watchJobs(
  sessionOf: (job: Job) => Session,
  jobs: readonly Job[],
): AsyncGenerator<TrainingEvent> {
  return mergeEvents(
    jobs.map((job) => () => watchJob(sessionOf(job), job)),
    jobs.length,
  );
}

function updateState(session: Session, job: Job, status: JobStatus): void {
  const at = timeOf(session);
  const endedAt = isActive(status.state) ? null : at;
  const change = { state: status.state, reason: status.reason, endedAt, at };
  session.state.updateJob(job, change, UNSETTLED_STATES);
}

/** Registers what the job has left behind and says how it ended. */
async function closeJob(
  session: Session,
  job: Job,
  { status, failure }: { status: JobStatus; failure: Failure | null },
): Promise<TrainingEvent> {
  const { state, provider } = session;
  const base = describeJob(job, timeOf(session));
  const { best, last, done } = await registerCheckpoints({ state, provider, job, at: base.time });
  if (status.state === "succeeded" && best !== null) {
    return { ...base, type: "done", best, last, seconds: done?.seconds ?? null };
  }
  if (status.state === "succeeded") {
    const reason = "the job ended well, but its best checkpoint is missing or damaged";
    return {
      ...base,
      type: "failed",
      state: "failed",
      reason,
      hint: `mllm checkpoints verify names the file.`,
    };
  }
  const reason = status.reason ?? `the job is ${status.state}`;
  const hint =
    failure?.hint ??
    `mllm jobs logs ${job.id} shows what the trainer said; the same mllm train goes on from the last complete checkpoint.`;
  return { ...base, type: "failed", state: status.state, reason, hint };
}

/** What this attempt has said so far: nothing of it before the trainer has said that it is there. */
function sinceStart(events: TrainerEvent[], submittedAt: string): TrainerEvent[] {
  const ofAttempt = events.filter((event) => Date.parse(event.time) >= Date.parse(submittedAt));
  const start = ofAttempt.findLastIndex((event) => event.type === "started");
  return start === -1 ? ofAttempt : ofAttempt.slice(start);
}
