import { MllmError } from "../core/errors.js";
import { isActive, UNSETTLED_STATES } from "../core/job-state.js";
import type { TrainerEvent } from "../core/trainer-event.js";
import type { JobStatus } from "../providers/provider.js";
import type { Job } from "../state/rows.js";
import { endLeftovers } from "./end-leftovers.js";
import { mergeEvents } from "./merge-events.js";
import { dropReplaced, pullCheckpoints } from "./pull-checkpoints.js";
import { readEvents } from "./read-events.js";
import { recordStatus } from "./record-status.js";
import { registerCheckpoints } from "./register-checkpoints.js";
import { handleOf, pause, type Session, timeOf } from "./session.js";
import { describeJob, type TrainingEvent } from "./training-event.js";
import { untilAnswered } from "./until-answered.js";

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
  const shownAt = session.now().getTime() + session.provider.settleSeconds * 1000;
  for (;;) {
    const from = cursor;
    const look: Look | null = yield* untilAnswered(session, job, () => lookAt(session, job, from));
    if (look === null) return yield leftRunning(session, job);
    cursor = look.cursor;
    const events = isFirst ? sinceStart(look.events, job.submittedAt) : look.events;
    isFirst = false;
    for (const event of events) {
      if (event.type === "started") failure = null;
      if (event.type === "failed") failure = event;
      // The job's own words count: the trainer numbers its attempts by itself.
      else if (event.type !== "done") {
        const { subset = job.subset } = event;
        yield { ...event, ...describeJob(job, event.time), subset };
      }
    }
    const { status } = look;
    const now = session.now().getTime();
    // What was just made may not show up yet.
    const isShown = status.state !== "lost" || now >= shownAt;
    const isEnded = isShown && !isActive(status.state);
    const isNews = session.state.getJob(job.id)?.state !== status.state;
    if (isShown && (isNews || now - recordedAt >= RECORD_MILLISECONDS)) {
      recordStatus(session, job, { status, onlyIn: UNSETTLED_STATES });
      recordedAt = now;
    }
    if (isEnded || events.some((event) => event.type === "checkpoint")) {
      yield* tolerate(session, job, pullCheckpoints(session, job));
    }
    if (isEnded) {
      const said = failure;
      const end = yield* untilAnswered(session, job, () => closeJob(session, job, { status, failure: said }));
      return yield end ?? leftRunning(session, job);
    }
    if (session.signal.aborted) return yield leftRunning(session, job);
    await pause(session);
  }
}

async function lookAt(session: Session, job: Job, from: string | null): Promise<Look> {
  const { provider, state } = session;
  const handle = handleOf(state, job);
  // In this order: what a trainer wrote before it ended is read after its end was seen.
  const status = await provider.status(handle);
  const said = await readEvents(provider, handle, from);
  // Before the end is written down: a command that dies in between leaves the job to the next one.
  if (!isActive(status.state)) await registerCheckpoints({ state, provider, job, at: timeOf(session) });
  return { status, ...said };
}

/** What is not brought now is brought at the next checkpoint, or by `mllm checkpoints pull`. */
async function* tolerate(
  session: Session,
  job: Job,
  events: AsyncGenerator<TrainingEvent>,
): AsyncGenerator<TrainingEvent> {
  try {
    for await (const event of events) {
      yield event;
      if (session.signal.aborted) return;
    }
  } catch (error) {
    if (!(error instanceof MllmError)) throw error;
    const reason = `checkpoints are not brought here yet: ${error.message}`;
    yield { ...describeJob(job, timeOf(session)), type: "waiting", reason };
  }
}

/** While a living command submits it, the provider may not have heard of the job yet. */
export async function isBeingSubmitted({ state, claimant, signal }: Session, { id }: Job): Promise<boolean> {
  const job = state.getJob(id);
  if (job?.state !== "submitting" || signal.aborted) return false;
  return claimant.isAlive(job.claimant, job.updatedAt);
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
  const { trained, done } = await registerCheckpoints({ state, provider, job, at: base.time });
  // A lost one that shows up again goes on; the next look adopts it.
  if (status.state !== "lost") await endLeftovers(session, job);
  if (status.state === "succeeded" && trained !== null) {
    await dropReplaced(session, job);
    return { ...base, type: "done", ...trained, seconds: done?.seconds ?? null };
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

function leftRunning(session: Session, job: Job): TrainingEvent {
  return { ...describeJob(job, timeOf(session)), type: "left_running" };
}

/** What this attempt has said so far: nothing of it before the trainer has said that it is there. */
function sinceStart(events: TrainerEvent[], submittedAt: string): TrainerEvent[] {
  const ofAttempt = events.filter((event) => Date.parse(event.time) >= Date.parse(submittedAt));
  const start = ofAttempt.findLastIndex((event) => event.type === "started");
  return start === -1 ? ofAttempt : ofAttempt.slice(start);
}
