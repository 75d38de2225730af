import { MllmError, ProviderError } from "../core/errors.js";
import type { ProviderJob, Submission } from "../providers/provider.js";
import type { Job } from "../state/rows.js";
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
    // Others tell by the time that somebody is at it, and how long ago the request may have been made.
    if (!state.updateJob(job, { state: "submitting", at: timeOf(session) }, ["submitting", "lost"])) {
      yield takenAway(session, job, "before it could start");
      return null;
    }
    const error = await trySubmit(session, submission);
    const at = timeOf(session);
    const base = describeJob(job, at);
    if (!(error instanceof Error)) return yield* recordSubmitted(session, job, error.providerJobId);
    if (hasFallback && error.code === "no_capacity" && !error.isAmbiguous) throw error;
    if (!said.has(error.message)) yield { ...base, type: "waiting", reason: error.message };
    said.add(error.message);
    // However long it takes: a job that may have been made must not be made again before that is certain.
    const made = error.isAmbiguous ? await lookUntilCertain(session, job) : null;
    if (made !== null) return yield* recordSubmitted(session, job, made.providerJobId);
    await pause(
      session,
      error.retryAfterSeconds ?? (error.code === "no_capacity" ? FULL_SECONDS : undefined),
    );
    if (!signal.aborted) continue;
    if (error.isAmbiguous) {
      // It may have been made: the next command looks for it.
      yield { ...describeJob(job, timeOf(session)), type: "left_running" };
      return null;
    }
    const reason = "cancelled before it could start";
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
  const change = { state: "queued", providerJobId, reason: null, endedAt: null, at } as const;
  if (state.updateJob(job, change, ["submitting", "lost"])) return providerJobId;
  const now = state.getJob(job.id);
  // Adopted meanwhile: the same job.
  if (now?.attempt === job.attempt && now.state !== "cancelled") return providerJobId;
  await provider.cancel({ ...handleOf(state, job), providerJobId });
  yield takenAway(session, job, "while it was started");
  return null;
}

/** Somebody has cancelled the job, or started its next attempt, while this command was at it. */
function takenAway(session: Session, job: Job, when: string): TrainingEvent {
  const now = session.state.getJob(job.id);
  const isCancelled = now?.state === "cancelled";
  const reason = `${isCancelled ? "cancelled" : "taken over by another command"} ${when}`;
  const base = { ...describeJob(job, timeOf(session)), type: "failed", reason, hint: null } as const;
  return { ...base, state: now?.state ?? "lost" };
}

/** What the provider calls the job, or a failure that may pass. */
async function trySubmit(session: Session, submission: Submission): Promise<ProviderJob | ProviderError> {
  try {
    return await session.provider.submit(submission);
  } catch (error) {
    if (isPassing(error) || (error instanceof ProviderError && error.isAmbiguous)) return error;
    throw error;
  }
}

/**
 * The job, if it was made after all, or null once the provider has had the time to show it and does not. Where two
 * were made, one is kept. Returns null early only where the user interrupts. Throws an ambiguous error where the
 * provider can no longer be asked.
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
      if (!isPassing(error)) throw leftOpen(provider.name, error);
    }
    if (signal.aborted) return null;
    await pause(session);
  }
}

function leftOpen(provider: string, error: unknown): unknown {
  if (!(error instanceof MllmError)) return error;
  const { code, hint, message } = error;
  const words = message.replace(`${provider}: `, "");
  return new ProviderError(provider, `it cannot be told whether the job was started: ${words}`, {
    ...{ code, cause: error, isAmbiguous: true, isRetryable: false },
    hint: hint ?? "mllm jobs list asks again, and mllm reap ends what nobody follows.",
  });
}
