import type { ProviderError } from "../core/errors.js";
import type { ProviderJob, Submission } from "../providers/provider.js";
import type { Job } from "../state/open-state.js";
import { endLeftovers } from "./end-leftovers.js";
import { isPassing } from "./reconcile.js";
import { handleOf, pause, type Session, timeOf } from "./session.js";
import { describeJob, type TrainingEvent } from "./training-event.js";

/** Between two tries where the provider has no machine. */
const FULL_SECONDS = 30;

/**
 * Submits a claimed job and records what the provider calls it. After a failure that leaves open whether the job was
 * made, the provider is asked for it until that is certain; only then is it submitted again. Returns null, after an
 * event that says why, where nothing was left to follow. Throws what the provider throws for good, and `no_capacity`
 * where somebody else may have room.
 */
export async function* submitJob(
  session: Session,
  submission: Submission,
  { job, hasFallback }: { job: Job; hasFallback: boolean },
): AsyncGenerator<TrainingEvent, string | null> {
  const { state, signal } = session;
  const said = new Set<string>();
  for (;;) {
    const error = await trySubmit(session, submission);
    const at = timeOf(session);
    const base = describeJob(job, at);
    if (!(error instanceof Error)) return yield* recordSubmitted(session, job, error.providerJobId);
    if (hasFallback && error.code === "no_capacity") throw error;
    if (!said.has(error.message)) yield { ...base, type: "waiting", reason: error.message };
    said.add(error.message);
    // However long it takes: a job that may have been made must not be made again before that is certain.
    const made = error.isAmbiguous ? await lookUntilCertain(session, job) : null;
    if (made !== null) return yield* recordSubmitted(session, job, made.providerJobId);
    await pause(
      session,
      error.retryAfterSeconds ?? (error.code === "no_capacity" ? FULL_SECONDS : undefined),
    );
    if (!signal.aborted && !isCancelled(session, job)) continue;
    const reason = "cancelled before it could start";
    if (error.isAmbiguous && signal.aborted) {
      // It may have been made: the next command looks for it.
      yield { ...describeJob(job, timeOf(session)), type: "left_running" };
      return null;
    }
    state.updateJob(job, { state: "cancelled", reason, endedAt: at, at }, ["submitting"]);
    yield { ...base, type: "failed", state: "cancelled", reason, hint: error.hint ?? null };
    return null;
  }
}

async function* recordSubmitted(
  session: Session,
  job: Job,
  providerJobId: string,
): AsyncGenerator<TrainingEvent, string | null> {
  const { state, provider } = session;
  const at = timeOf(session);
  const isOurs = state.updateJob(job, { state: "queued", providerJobId, at }, ["submitting"]);
  if (isOurs || !isCancelled(session, job)) return providerJobId;
  await provider.cancel({ ...handleOf(state, job), providerJobId });
  const reason = "cancelled while it was started";
  yield { ...describeJob(job, at), type: "failed", state: "cancelled", reason, hint: null };
  return null;
}

function isCancelled(session: Session, job: Job): boolean {
  const now = session.state.getJob(job.id);
  return now?.attempt === job.attempt && now.state === "cancelled";
}

/** What the provider calls the job, or a failure that may pass. */
async function trySubmit(session: Session, submission: Submission): Promise<ProviderJob | ProviderError> {
  try {
    return await session.provider.submit(submission);
  } catch (error) {
    if (isPassing(error)) return error;
    throw error;
  }
}

/**
 * The job, if it was made after all, or null once the provider has had the time to show it and does not. Where two
 * were made, one is kept. Returns null early only where the user interrupts.
 */
async function lookUntilCertain(session: Session, job: Job): Promise<ProviderJob | null> {
  const { provider, state, signal } = session;
  const start = session.now().getTime();
  for (;;) {
    const isSettled = session.now().getTime() - start >= provider.settleSeconds * 1000;
    try {
      const found = await provider.find(handleOf(state, job));
      if (found !== null) {
        await endLeftovers(session, job, found.providerJobId);
        return found;
      }
      if (isSettled) return null;
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
    if (signal.aborted) return null;
    await pause(session);
  }
}
