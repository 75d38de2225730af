import { MllmError } from "../core/errors.js";
import type { JobSpec } from "../core/job-spec.js";
import { ACTIVE_STATES, UNSETTLED_STATES } from "../core/job-state.js";
import type { Claim, Job } from "../state/open-state.js";
import { mergeEvents } from "./merge-events.js";
import { readEvents } from "./read-events.js";
import { reconcileJob } from "./reconcile.js";
import { registerCheckpoints } from "./register-checkpoints.js";
import { handleOf, pause, type Session, timeOf } from "./session.js";
import { submitJob } from "./submit-job.js";
import { describeJob, type TrainingEvent } from "./training-event.js";
import { watchJob } from "./watch-job.js";

export interface TrainOptions {
  /** Return after submission. Jobs beyond what the provider runs at once are then not started. */
  isDetached?: boolean;
}

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
  { isDetached = false }: TrainOptions,
): AsyncGenerator<TrainingEvent> {
  const limit = await session.provider.concurrency();
  if (!isDetached) {
    const sources = batch.map((spec) => () => driveJob(session, spec, isDetached));
    yield* mergeEvents(sources, limit);
    return;
  }
  for (const spec of batch) {
    const active = session.state.listJobs({ provider: session.provider.name, states: ACTIVE_STATES });
    const isKnown =
      session.state.listJobs({ jobKey: spec.jobKey, states: [...ACTIVE_STATES, "succeeded"] }).length > 0;
    if (active.length >= limit && !isKnown) {
      const reason = `${session.provider.name} runs ${limit} at once and is busy; run the command again later`;
      yield notStarted(session, spec, reason);
    } else {
      yield* driveJob(session, spec, isDetached);
    }
  }
}

async function* driveJob(
  session: Session,
  spec: JobSpec,
  isDetached: boolean,
): AsyncGenerator<TrainingEvent> {
  let redoAttempt: number | undefined;
  let hasWaited = false;
  while (!session.signal.aborted) {
    const filter = { jobKey: spec.jobKey, provider: session.provider.name, states: UNSETTLED_STATES };
    for (const job of session.state.listJobs(filter)) await reconcileJob(session, job);
    const { kind, job } = claim(session, spec, redoAttempt);
    if (kind === "claimed") return yield* runClaimed(session, job, { spec, isDetached });
    if (job.provider !== session.provider.name) return yield refuseForeign(session, job);
    if (kind === "active" && job.state !== "submitting") return yield* attach(session, job, isDetached);
    const base = describeJob(job, timeOf(session));
    if (kind === "succeeded") {
      const { state, provider } = session;
      const { best, last } = await registerCheckpoints({ state, provider, job, at: base.time });
      if (best !== null) return yield { ...base, type: "already_done", best, last };
      redoAttempt = job.attempt;
      continue;
    }
    if (!hasWaited) yield { ...base, type: "waiting", reason: "another command is submitting this job" };
    hasWaited = true;
    await pause(session);
  }
  yield notStarted(session, spec, "interrupted");
}

async function* attach(session: Session, job: Job, isDetached: boolean): AsyncGenerator<TrainingEvent> {
  const base = describeJob(job, timeOf(session));
  yield { ...base, type: "attached", providerJobId: job.providerJobId };
  if (isDetached) yield { ...base, type: "detached" };
  else yield* watchJob(session, job);
}

function refuseForeign(session: Session, job: Job): TrainingEvent {
  const reason = `the same work is ${job.state} at ${job.provider} as ${job.id}`;
  const hint = `mllm jobs show ${job.id} says more.`;
  return { ...describeJob(job, timeOf(session)), type: "failed", state: job.state, reason, hint };
}

function claim(session: Session, spec: JobSpec, redoAttempt: number | undefined): Claim {
  return session.state.claimJob({
    runId: spec.runId,
    jobKey: spec.jobKey,
    stage: spec.stage,
    subset: spec.subset,
    provider: session.provider.name,
    claimant: session.claimant.id,
    newJobId: spec.jobId,
    outputDir: spec.outputDir,
    ...(redoAttempt === undefined ? {} : { redoAttempt }),
    at: timeOf(session),
  });
}

async function* runClaimed(
  session: Session,
  job: Job,
  { spec, isDetached }: { spec: JobSpec; isDetached: boolean },
): AsyncGenerator<TrainingEvent> {
  const handle = handleOf(job);
  // Before the start, so that the new attempt's first events are seen and the old one's are not repeated.
  const { cursor } = await readEvents(session.provider, handle, null);
  const isResume = (await session.provider.checkpoints(handle)).length > 0;
  const ownSpec: JobSpec = { ...spec, jobId: job.id, outputDir: job.outputDir };
  session.state.updateJob(job, { spec: ownSpec, at: timeOf(session) });
  let providerJobId: string | null;
  try {
    providerJobId = yield* submitJob(session, ownSpec, job);
  } catch (error) {
    const at = timeOf(session);
    const reason = (error as Error).message;
    session.state.updateJob(job, { state: "failed", reason, endedAt: at, at }, ["submitting"]);
    if (!(error instanceof MllmError)) throw error;
    yield { ...describeJob(job, at), type: "failed", state: "failed", reason, hint: error.hint ?? null };
    return;
  }
  if (providerJobId === null) return;
  const base = describeJob(job, timeOf(session));
  yield { ...base, type: "submitted", providerJobId, isResume };
  if (isDetached) yield { ...base, type: "detached" };
  else yield* watchJob(session, { ...job, providerJobId }, cursor);
}

function notStarted(session: Session, spec: JobSpec, reason: string): TrainingEvent {
  const { stage, subset, outputDir } = spec;
  const provider = session.provider.name;
  return { type: "not_started", stage, subset, provider, outputDir, reason, time: timeOf(session) };
}
