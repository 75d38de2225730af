import { MllmError } from "../core/errors.js";
import type { JobSpec } from "../core/job-spec.js";
import { ACTIVE_STATES, UNSETTLED_STATES } from "../core/job-state.js";
import type { Resources } from "../core/resources.js";
import type { Claim, Job } from "../state/open-state.js";
import { createSubmission } from "./create-submission.js";
import { mergeEvents } from "./merge-events.js";
import { readEvents } from "./read-events.js";
import { reconcileJob } from "./reconcile.js";
import { registerCheckpoints } from "./register-checkpoints.js";
import { handleOf, pause, placementOf, type Session, timeOf } from "./session.js";
import { submitJob } from "./submit-job.js";
import { describeJob, type TrainingEvent } from "./training-event.js";
import { watchJob } from "./watch-job.js";

export interface TrainOptions {
  /** Return after submission. Jobs beyond what the provider runs at once are then not started. */
  isDetached?: boolean;
  /** One process on the CPU where nothing is said. */
  resources?: Resources;
  /** Where to go on when the session's provider has no room, in order. */
  fallbacks?: readonly Session[];
  /** By jobKey: what a job may still cost, and its price, where there is one. */
  budgets?: ReadonlyMap<string, JobBudget>;
}

export interface JobBudget {
  dollarsPerHour: number | null;
  /** Of all its attempts together. */
  maxDollars: number | null;
}

/** A job whose machines are taken away again and again is left to the user. */
const MAX_RESUMES = 20;

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
  const limit = await session.provider.concurrency();
  if (options.isDetached !== true) {
    const sources = batch.map((spec) => () => driveWithFallbacks(session, spec, options));
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
    for await (const event of driveJob(candidate, spec, { ...options, hasFallback })) {
      isFull = event.type === "waiting" && event.isFull === true;
      yield event;
    }
    if (!isFull) return;
  }
}

type DriveOptions = TrainOptions & { hasFallback: boolean };

async function* driveJob(
  session: Session,
  spec: JobSpec,
  options: DriveOptions,
): AsyncGenerator<TrainingEvent> {
  const { isDetached = false } = options;
  let starts = 0;
  let redoAttempt: number | undefined;
  let hasWaited = false;
  while (!session.signal.aborted) {
    const filter = { jobKey: spec.jobKey, provider: session.provider.name, states: UNSETTLED_STATES };
    for (const job of session.state.listJobs(filter)) await reconcileJob(session, job);
    const { kind, job } = claim(session, spec, redoAttempt);
    if (kind === "claimed") {
      const canResume = ++starts <= MAX_RESUMES;
      if ((yield* runClaimed(session, job, { spec, options, canResume })) === "over") return;
      continue;
    }
    if (kind === "active" && job.provider !== session.provider.name) return yield refuseForeign(session, job);
    if (kind === "active" && job.state !== "submitting") return yield* attach(session, job, isDetached);
    const base = describeJob(job, timeOf(session));
    if (kind === "succeeded") {
      const { state, provider } = session;
      const { best, last } = await registerCheckpoints({ state, provider, job, at: base.time });
      // A role whose backbone was trained anew meanwhile starts from that one.
      const parentId = spec.parent?.id ?? null;
      const isOfParent = parentId === null || best?.parentId === parentId;
      if (best !== null && isOfParent) return yield { ...base, type: "already_done", best, last };
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
    placement: placementOf(session),
    parentJobId: spec.parent?.jobId ?? null,
    ...(redoAttempt === undefined ? {} : { redoAttempt }),
    at: timeOf(session),
  });
}

/** `preempted`: to be claimed and started once more. */
async function* runClaimed(
  session: Session,
  job: Job,
  { spec, options, canResume }: { spec: JobSpec; options: DriveOptions; canResume: boolean },
): AsyncGenerator<TrainingEvent, "preempted" | "over"> {
  const { state, provider } = session;
  const handle = handleOf(state, job);
  let cursor: string | null;
  let isResume: boolean;
  let providerJobId: string | null;
  try {
    const submission = createSubmission(session, job, { spec, options });
    const price = options.budgets?.get(spec.jobKey)?.dollarsPerHour ?? null;
    state.updateJob(job, { spec: submission.spec, dollarsPerHour: price, at: timeOf(session) });
    // Before the start, so that the new attempt's first events are seen and the old one's are not repeated.
    ({ cursor } = await readEvents(provider, handle, null));
    isResume = (await provider.checkpoints(handle)).length > 0;
    providerJobId = yield* submitJob(session, submission, { job, hasFallback: options.hasFallback });
  } catch (error) {
    const at = timeOf(session);
    const { message, code, hint } = error as MllmError;
    state.updateJob(job, { state: "failed", reason: message, endedAt: at, at }, ["submitting"]);
    if (!(error instanceof MllmError)) throw error;
    const base = describeJob(job, at);
    if (code === "no_capacity" && options.hasFallback) {
      yield { ...base, type: "waiting", reason: message, isFull: true };
    } else {
      yield { ...base, type: "failed", state: "failed", reason: message, hint: hint ?? null };
    }
    return "over";
  }
  if (providerJobId === null) return "over";
  const base = describeJob(job, timeOf(session));
  yield { ...base, type: "submitted", providerJobId, isResume };
  if (options.isDetached === true) {
    yield { ...base, type: "detached" };
    return "over";
  }
  for await (const event of watchJob(session, { ...job, providerJobId }, cursor)) {
    const isPreempted = event.type === "failed" && event.state === "preempted";
    if (isPreempted && canResume) {
      yield { ...describeJob(job, event.time), type: "preempted", reason: event.reason };
      return "preempted";
    }
    yield event;
  }
  return "over";
}

function notStarted(session: Session, spec: JobSpec, reason: string): TrainingEvent {
  const { stage, subset, outputDir } = spec;
  const provider = session.provider.name;
  return { type: "not_started", stage, subset, provider, outputDir, reason, time: timeOf(session) };
}
