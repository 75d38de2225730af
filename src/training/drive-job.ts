import type { JobSpec } from "../core/job-spec.js";
import { UNSETTLED_STATES } from "../core/job-state.js";
import type { Job } from "../state/rows.js";
import type { Claim } from "../state/state.js";
import { isSamePlace } from "./place.js";
import { reconcileJob } from "./reconcile.js";
import { type JobCheckpoints, registerCheckpoints } from "./register-checkpoints.js";
import { pause, placementOf, type Session, timeOf } from "./session.js";
import { startJob } from "./start-job.js";
import type { DriveOptions } from "./train-options.js";
import { describeJob, type Trained, type TrainingEvent } from "./training-event.js";
import { untilAnswered } from "./until-answered.js";
import { watchJob } from "./watch-job.js";

/** A job whose machines are taken away again and again is left to the user. */
const MAX_RESUMES = 20;

type Outcome = "preempted" | "over";

/** Drives one job to its end: attaches to it, says that it is done, or starts it, and again where it was preempted. */
export async function* driveJob(
  session: Session,
  spec: JobSpec,
  options: DriveOptions,
): AsyncGenerator<TrainingEvent> {
  const { state } = session;
  let starts = 0;
  const gone: Job[] = [];
  let hasWaited = false;
  while (!session.signal.aborted) {
    yield* bringUpToDate(session, spec, options);
    if (session.signal.aborted) break;
    const { kind, job } = claim(session, spec, gone);
    const isStarted = kind === "active" && job.state !== "submitting";
    if (kind === "active" && !isSamePlace(job, session)) return yield refuseForeign(session, job);
    if (kind === "claimed" || isStarted) {
      const canResume = ++starts <= MAX_RESUMES;
      const drive = kind === "claimed" ? runClaimed : attach;
      if ((yield* drive(session, job, { spec, options, canResume })) === "over") return;
      continue;
    }
    const base = describeJob(job, timeOf(session));
    if (kind === "succeeded") {
      const found = yield* untilAnswered(session, job, async () => {
        const { provider } = await sessionOf(job, session, options);
        return registerCheckpoints({ state, provider, job, at: base.time });
      });
      if (found === null) break;
      const trained = pickTrained(found, spec);
      // A role whose backbone was trained anew meanwhile starts from that one.
      const parentId = spec.parent?.id ?? null;
      const isOfParent = parentId === null || trained?.best.parentId === parentId;
      if (trained !== null && isOfParent) {
        return yield { ...base, subset: spec.subset, type: "already_done", ...trained };
      }
      gone.push(job);
      continue;
    }
    if (!hasWaited) yield { ...base, type: "waiting", reason: "another command is submitting this job" };
    hasWaited = true;
    await pause(session);
  }
  yield notStarted(session, spec, "interrupted");
}

/** What of a job is the work that was asked for: all of it, or one of its roles. */
function pickTrained(found: JobCheckpoints, { subset, parts }: JobSpec): Trained | null {
  if (parts !== undefined) return found.trained;
  const part = found.parts.find((each) => each.subset === subset);
  return part === undefined ? null : { best: part.best, last: part.last };
}

export function notStarted(session: Session, spec: JobSpec, reason: string): TrainingEvent {
  const { stage, subset, outputDir } = spec;
  const provider = session.provider.name;
  return { type: "not_started", stage, subset, provider, outputDir, reason, time: timeOf(session) };
}

async function sessionOf(job: Job, session: Session, options: DriveOptions): Promise<Session> {
  return isSamePlace(job, session) ? session : ((await options.sessionOf?.(job)) ?? session);
}

/** Asks for what is known of this work where it was submitted: only that place can tell what became of it. */
async function* bringUpToDate(
  session: Session,
  { jobKey }: JobSpec,
  options: DriveOptions,
): AsyncGenerator<TrainingEvent> {
  for (const job of session.state.listJobs({ work: jobKey, states: UNSETTLED_STATES })) {
    const theirs = await sessionOf(job, session, options);
    yield* untilAnswered(session, job, () => reconcileJob(theirs, job));
  }
}

interface Drive {
  spec: JobSpec;
  options: DriveOptions;
  canResume: boolean;
}

async function* attach(
  session: Session,
  job: Job,
  { options, canResume }: Drive,
): AsyncGenerator<TrainingEvent, Outcome> {
  yield { ...describeJob(job, timeOf(session)), type: "attached", providerJobId: job.providerJobId };
  return yield* follow(session, job, { options, canResume, cursor: null });
}

/** Starts a claimed job and follows it. */
async function* runClaimed(
  session: Session,
  job: Job,
  { spec, options, canResume }: Drive,
): AsyncGenerator<TrainingEvent, Outcome> {
  const started = yield* startJob(session, job, { spec, options });
  if (started === null) return "over";
  const { providerJobId, isResume, cursor } = started;
  yield { ...describeJob(job, timeOf(session)), type: "submitted", providerJobId, isResume };
  return yield* follow(session, { ...job, providerJobId }, { options, canResume, cursor });
}

/** `preempted`: to be claimed and started once more. */
async function* follow(
  session: Session,
  job: Job,
  { options, canResume, cursor }: Omit<Drive, "spec"> & { cursor: string | null },
): AsyncGenerator<TrainingEvent, Outcome> {
  if (options.isDetached === true) {
    yield { ...describeJob(job, timeOf(session)), type: "detached" };
    return "over";
  }
  for await (const event of watchJob(session, job, cursor)) {
    const isPreempted = event.type === "failed" && event.state === "preempted";
    if (isPreempted && canResume) {
      yield { ...describeJob(job, event.time), type: "preempted", reason: event.reason };
      return "preempted";
    }
    yield event;
  }
  return "over";
}

function refuseForeign(session: Session, job: Job): TrainingEvent {
  const reason = `the same work is ${job.state} at ${job.provider} as ${job.id}`;
  const hint = `mllm jobs watch ${job.id} follows it there.`;
  return { ...describeJob(job, timeOf(session)), type: "failed", state: job.state, reason, hint };
}

function claim(session: Session, spec: JobSpec, gone: readonly Job[]): Claim {
  return session.state.claimJob({
    runId: spec.runId,
    jobKey: spec.jobKey,
    partKeys: spec.parts?.map((part) => part.jobKey) ?? [],
    stage: spec.stage,
    subset: spec.subset,
    provider: session.provider.name,
    claimant: session.claimant.id,
    newJobId: spec.jobId,
    outputDir: spec.outputDir,
    placement: placementOf(session),
    parentJobId: spec.parent?.jobId ?? null,
    gone,
    at: timeOf(session),
  });
}
