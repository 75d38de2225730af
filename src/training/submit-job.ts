import { ProviderError } from "../core/errors.js";
import type { JobSpec } from "../core/job-spec.js";
import { isActive } from "../core/job-state.js";
import type { Job } from "../state/open-state.js";
import { handleOf, pause, type Session, timeOf } from "./session.js";
import { describeJob, type TrainingEvent } from "./training-event.js";

/**
 * Submits a claimed job and records what the provider calls it. After a failure that may pass, the provider is asked
 * for the job before it is submitted again. Returns null, after an event that says why, where nothing was left to
 * follow. Throws what the provider throws for good.
 */
export async function* submitJob(
  session: Session,
  spec: JobSpec,
  job: Job,
): AsyncGenerator<TrainingEvent, string | null> {
  const { state, provider, signal } = session;
  const said = new Set<string>();
  for (;;) {
    const result = await trySubmit(session, spec, job);
    const at = timeOf(session);
    const base = describeJob(job, at);
    if (typeof result === "string") {
      if (state.updateJob(job, { state: "running", providerJobId: result, at }, ["submitting"]))
        return result;
      if (!isCancelled(session, job)) return result;
      await provider.cancel({ ...handleOf(job), providerJobId: result });
      yield {
        ...base,
        type: "failed",
        state: "cancelled",
        reason: "cancelled while it was started",
        hint: null,
      };
      return null;
    }
    if (!said.has(result.message)) yield { ...base, type: "waiting", reason: result.message };
    said.add(result.message);
    await pause(session);
    if (!signal.aborted && !isCancelled(session, job)) continue;
    const reason = "cancelled before it could start";
    state.updateJob(job, { state: "cancelled", reason, endedAt: at, at }, ["submitting"]);
    yield { ...base, type: "failed", state: "cancelled", reason, hint: result.hint ?? null };
    return null;
  }
}

function isCancelled(session: Session, job: Job): boolean {
  const now = session.state.getJob(job.id);
  return now?.attempt === job.attempt && now.state === "cancelled";
}

/** The provider's id, or a failure that may pass. */
async function trySubmit(session: Session, spec: JobSpec, job: Job): Promise<string | ProviderError> {
  const { provider } = session;
  try {
    return (await provider.submit(spec)).providerJobId;
  } catch (error) {
    if (!(error instanceof ProviderError) || !error.isRetryable) throw error;
    // The answer may have been lost after the job was made: a second one must not be.
    const found = await provider.find(handleOf(job));
    if (found !== null) {
      const status = await provider.status({ ...handleOf(job), ...found });
      if (isActive(status.state)) return found.providerJobId;
    }
    return error;
  }
}
