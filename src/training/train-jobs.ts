import type { JobSpec } from "../core/job-spec.js";
import { ACTIVE_STATES } from "../core/job-state.js";
import { driveJob, notStarted } from "./drive-job.js";
import { mergeEvents } from "./merge-events.js";
import type { Session } from "./session.js";
import type { TrainOptions } from "./train-options.js";
import type { TrainingEvent } from "./training-event.js";

/**
 * Drives the jobs to their end: stage 1 first, then stage 2, in each as many at once as the provider runs. A jobKey
 * names the work: what is done is not done again, what runs is attached to, what broke off is resumed under its old
 * id. Failed jobs are events, not errors; they do not stop their siblings, but stage 2 waits for all of stage 1.
 * The runs that the specs name must exist.
 */
export async function* trainJobs(
  session: Session,
  specs: readonly JobSpec[],
  options: TrainOptions = {},
): AsyncGenerator<TrainingEvent> {
  let hasBackbones = true;
  for (const stage of [1, 2]) {
    const batch = specs.filter((spec) => spec.stage === stage);
    if (!hasBackbones) {
      for (const spec of batch) yield notStarted(session, spec, "stage 1 has not succeeded yet");
      continue;
    }
    for await (const event of driveBatch(session, batch, options)) {
      if (stage === 1 && isWithoutResult(event)) hasBackbones = false;
      yield event;
    }
  }
}

function isWithoutResult({ type }: TrainingEvent): boolean {
  return type === "failed" || type === "detached" || type === "left_running" || type === "not_started";
}

async function* driveBatch(
  session: Session,
  batch: readonly JobSpec[],
  options: TrainOptions,
): AsyncGenerator<TrainingEvent> {
  const limit = await session.provider.concurrency(options.resources);
  if (options.isDetached !== true) {
    const sources = batch.map((spec) => () => driveWithFallbacks(session, spec, options));
    yield* mergeEvents(sources, limit);
    return;
  }
  for (const spec of batch) {
    const active = session.state.listJobs({ provider: session.provider.name, states: ACTIVE_STATES });
    const isKnown =
      session.state.listJobs({ work: spec.jobKey, states: [...ACTIVE_STATES, "succeeded"] }).length > 0;
    if (active.length >= limit && !isKnown) {
      const reason = `${session.provider.name} runs ${limit} at once and is busy; run the command again later`;
      yield notStarted(session, spec, reason);
    } else {
      yield* driveWithFallbacks(session, spec, options);
    }
  }
}

/** Tries the providers in order; one that has no room passes the job on. What it may have made was looked for before. */
async function* driveWithFallbacks(
  session: Session,
  spec: JobSpec,
  options: TrainOptions,
): AsyncGenerator<TrainingEvent> {
  const candidates = [session, ...(options.fallbacks ?? [])];
  for (const [i, candidate] of candidates.entries()) {
    const hasFallback = i < candidates.length - 1;
    let isFull = false;
    for await (const event of driveJob(candidate, spec, { ...options, hasFallback, isFallback: i > 0 })) {
      isFull = event.type === "waiting" && event.isFull === true;
      yield event;
    }
    if (!isFull) return;
  }
}
