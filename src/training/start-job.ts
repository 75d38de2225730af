import { MllmError, ProviderError } from "../core/errors.js";
import type { JobSpec } from "../core/job-spec.js";
import type { Job } from "../state/rows.js";
import { createSubmission } from "./create-submission.js";
import type { JobBudget } from "./plan-budget.js";
import { readEvents } from "./read-events.js";
import { handleOf, type Session, timeOf } from "./session.js";
import { submitJob } from "./submit-job.js";
import type { DriveOptions } from "./train-options.js";
import { describeJob, type TrainingEvent } from "./training-event.js";
import { untilAnswered } from "./until-answered.js";

interface Start {
  spec: JobSpec;
  options: DriveOptions;
}

export interface StartedJob {
  providerJobId: string;
  /** Whether there are checkpoints of earlier attempts to go on from. */
  isResume: boolean;
  /** Where its events begin. */
  cursor: string | null;
}

/** Starts a claimed job. Null, after an event that says why, where it could not be started. */
export async function* startJob(
  session: Session,
  job: Job,
  start: Start,
): AsyncGenerator<TrainingEvent, StartedJob | null> {
  try {
    const prepared = yield* untilAnswered(session, job, () => prepare(session, job, start));
    if (prepared === null) throw new MllmError("interrupted", "interrupted before it could start");
    const { submission, isResume, cursor } = prepared;
    const { hasFallback } = start.options;
    const providerJobId = yield* submitJob(session, submission, { job, hasFallback });
    return providerJobId === null ? null : { providerJobId, isResume, cursor };
  } catch (error) {
    yield recordFailure(session, job, { error, options: start.options });
    return null;
  }
}

async function prepare(session: Session, job: Job, { spec, options }: Start) {
  const { state, provider } = session;
  const budget = await findBudget(session, job, { spec, options });
  const { resources } = options;
  const submission = createSubmission(session, job, {
    spec,
    options: {
      ...(resources === undefined ? {} : { resources }),
      ...(budget === null ? {} : { budgets: new Map([[spec.jobKey, budget]]) }),
    },
  });
  const dollarsPerHour = budget?.dollarsPerHour ?? null;
  state.updateJob(job, { spec: submission.spec, dollarsPerHour, at: timeOf(session) });
  const handle = handleOf(state, job);
  // Before the start, so that the new attempt's first events are seen and the old one's are not repeated.
  const { cursor } = await readEvents(provider, handle, null);
  return { submission, cursor, isResume: (await provider.checkpoints(handle)).length > 0 };
}

/** What the job may cost here. A provider that stands in for another has a price of its own, not asked for yet. */
async function findBudget(session: Session, job: Job, { spec, options }: Start): Promise<JobBudget | null> {
  const planned = options.budgets?.get(spec.jobKey) ?? null;
  if (planned === null || !options.isFallback) return planned;
  const { provider } = session;
  const { maxDollars } = planned;
  const { resources } = options;
  const submission = createSubmission(session, job, {
    spec,
    options: resources === undefined ? {} : { resources },
  });
  const quote = await provider.quote(submission, { mayUpload: maxDollars !== null });
  const { dollars, dollarsPerHour, source } = quote;
  if (maxDollars !== null && dollars === null && dollarsPerHour === null) {
    throw new MllmError("over_budget", `nobody can say what ${provider.name} costs (${source})`, {
      hint: "Leave out --max-cost, or that provider.",
    });
  }
  if (maxDollars !== null && dollars !== null && dollars > maxDollars - job.dollarsBefore) {
    const share = `$${(maxDollars - job.dollarsBefore).toFixed(2)} of its share of the budget is left`;
    throw new MllmError(
      "over_budget",
      `${job.id} costs $${dollars.toFixed(2)} at ${provider.name}, ${share}`,
      {
        hint: "Raise --max-cost, or leave out that provider.",
      },
    );
  }
  return { dollarsPerHour, maxDollars };
}

/** `lost` where it may have been made all the same: then the next look asks for it. */
function recordFailure(
  session: Session,
  job: Job,
  { error, options }: { error: unknown; options: DriveOptions },
): TrainingEvent {
  const at = timeOf(session);
  const base = describeJob(job, at);
  const close = (state: "lost" | "cancelled" | "failed", reason: string) =>
    session.state.updateJob(job, { state, reason, endedAt: at, at }, ["submitting"]);
  if (!(error instanceof MllmError)) {
    close("lost", error instanceof Error ? error.message : String(error));
    throw error;
  }
  const { message, code, hint = null } = error;
  const isKnown = !(error instanceof ProviderError && error.isAmbiguous);
  const state = !isKnown ? "lost" : code === "interrupted" ? "cancelled" : "failed";
  close(state, message);
  const isElsewhere = code === "no_capacity" || (options.isFallback && code === "over_budget");
  if (isKnown && isElsewhere && options.hasFallback) {
    return { ...base, type: "waiting", reason: message, isFull: true };
  }
  return { ...base, type: "failed", state, reason: message, hint };
}
