import { isActive, UNSETTLED_STATES } from "../core/job-state.js";
import type { TrainerEvent } from "../core/trainer-event.js";
import type { JobStatus } from "../providers/provider.js";
import type { Job } from "../state/open-state.js";
import { endLeftovers } from "./end-leftovers.js";
import { mergeEvents } from "./merge-events.js";
import { dropReplaced, pullCheckpoints } from "./pull-checkpoints.js";
import { readEvents } from "./read-events.js";
import { isPassing } from "./reconcile.js";
import { recordStatus } from "./record-status.js";
import { registerCheckpoints } from "./register-checkpoints.js";
import { handleOf, pause, type Session, timeOf } from "./session.js";
import { describeJob, type TrainingEvent } from "./training-event.js";

type Failure = Extract<TrainerEvent, { type: "failed" }>;

/** How often what a running job takes is written down. */
const RECORD_MILLISECONDS = 10_000;

interface Look {
  status: JobStatus;
  events: TrainerEvent[];
  cursor: string | null;
}

/**
 * Follows a submitted job to its end: yields what the trainer says and brings its checkpoints here as they are saved,
 * then `done`, `failed` or `left_running`. While the provider cannot be asked, nothing is concluded from that.
 */
export async function* watchJob(
  session: Session,
  job: Job,
  /** From where to read events; null begins with the newest attempt's first. */
  start: string | null = null,
): AsyncGenerator<TrainingEvent> {
  let cursor = start;
  let isFirst = start === null;
  let failure: Failure | null = null;
  let recordedAt = 0;
  while (await isBeingSubmitted(session, job)) await pause(session);
  for (;;) {
    const from = cursor;
    const look: Look | null = yield* untilAnswered(session, job, () => lookAt(session, job, from));
    if (look === null) return;
    cursor = look.cursor;
    const events = isFirst ? sinceStart(look.events, job.submittedAt) : look.events;
    isFirst = false;
    for (const event of events) {
      if (event.type === "started") failure = null;
      if (event.type === "failed") failure = event;
      // The job's own words count: the trainer numbers its attempts by itself.
      else if (event.type !== "done") yield { ...event, ...describeJob(job, event.time) };
    }
    const { status } = look;
    const now = session.now().getTime();
    if (session.state.getJob(job.id)?.state !== status.state || now - recordedAt >= RECORD_MILLISECONDS) {
      recordStatus(session, job, { status, onlyIn: UNSETTLED_STATES });
      recordedAt = now;
    }
    const isEnded = !isActive(status.state);
    if (isEnded || events.some((event) => event.type === "checkpoint")) {
      yield* tolerate(session, job, pullCheckpoints(session, job));
    }
    if (isEnded) {
      const said = failure;
      const end = yield* untilAnswered(session, job, () => closeJob(session, job, { status, failure: said }));
      if (end !== null) yield end;
      return;
    }
    if (session.signal.aborted) return yield { ...describeJob(job, timeOf(session)), type: "left_running" };
    await pause(session);
  }
}

/** Asks until there is an answer; null, after `left_running`, where the user interrupts before. */
async function* untilAnswered<T>(
  session: Session,
  job: Job,
  ask: () => Promise<T>,
): AsyncGenerator<TrainingEvent, T | null> {
  const said = new Set<string>();
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isPassing(error)) throw error;
      const base = describeJob(job, timeOf(session));
      if (!said.has(error.message)) yield { ...base, type: "waiting", reason: error.message };
      said.add(error.message);
      if (session.signal.aborted) {
        yield { ...base, type: "left_running" };
        return null;
      }
      await pause(session, error.retryAfterSeconds);
    }
  }
}

async function lookAt({ provider, state }: Session, job: Job, from: string | null): Promise<Look> {
  const handle = handleOf(state, job);
  // In this order: what a trainer wrote before it ended is read after its end was seen.
  const status = await provider.status(handle);
  return { status, ...(await readEvents(provider, handle, from)) };
}

/** What is not brought now is brought at the next checkpoint, or by `mllm checkpoints pull`. */
async function* tolerate(
  session: Session,
  job: Job,
  events: AsyncGenerator<TrainingEvent>,
): AsyncGenerator<TrainingEvent> {
  try {
    yield* events;
  } catch (error) {
    if (!isPassing(error)) throw error;
    const reason = `checkpoints are not brought here yet: ${error.message}`;
    yield { ...describeJob(job, timeOf(session)), type: "waiting", reason };
  }
}

/** While a living command submits it, the provider may not have heard of the job yet. */
async function isBeingSubmitted({ state, claimant, signal }: Session, { id }: Job): Promise<boolean> {
  const job = state.getJob(id);
  if (job?.state !== "submitting" || signal.aborted) return false;
  return claimant.isAlive(job.claimant, job.submittedAt);
}

/** Follows several jobs, each with the session of its provider, to their ends. */
export async function* watchJobs(
  sessionOf: (job: Job) => Promise<Session>,
  jobs: readonly Job[],
): AsyncGenerator<TrainingEvent> {
  const sources = jobs.map(
    (job) =>
      async function* () {
        yield* watchJob(await sessionOf(job), job);
      },
  );
  yield* mergeEvents(sources, jobs.length);
}

/** Registers what the job has left behind, ends what it still keeps, and says how it ended. */
async function closeJob(
  session: Session,
  job: Job,
  { status, failure }: { status: JobStatus; failure: Failure | null },
): Promise<TrainingEvent> {
  const { state, provider } = session;
  const base = describeJob(job, timeOf(session));
  const { best, last, done } = await registerCheckpoints({ state, provider, job, at: base.time });
  await endLeftovers(session, job);
  if (status.state === "succeeded" && best !== null) {
    await dropReplaced(session, job);
    return { ...base, type: "done", best, last, seconds: done?.seconds ?? null };
  }
  if (status.state === "succeeded") {
    const reason = "the job ended well, but its best checkpoint is missing or damaged";
    const hint = "mllm checkpoints verify names the file.";
    return { ...base, type: "failed", state: "failed", reason, hint };
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
