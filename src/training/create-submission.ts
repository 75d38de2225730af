import { MllmError } from "../core/errors.js";
import type { JobSpec } from "../core/job-spec.js";
import { isActive } from "../core/job-state.js";
import type { Resources } from "../core/resources.js";
import type { JobHandle, Submission } from "../providers/provider.js";
import type { Job } from "../state/rows.js";
import type { State } from "../state/state.js";
import { isSamePlace } from "./place.js";
import type { JobBudget } from "./plan-budget.js";
import { handleOf, type Session } from "./session.js";

const ONE_CPU_PROCESS: Resources = { gpusPerNode: 0, nodes: 1, gpuTypes: [], image: "", isSpot: false };

/** What counts of a job's row when it is submitted. */
export type Attempt = Pick<
  Job,
  "id" | "attempt" | "providerJobId" | "outputDir" | "secondsBefore" | "dollarsBefore"
>;

type Submitter = Pick<Session, "provider" | "placement"> & { state: Pick<State, "workspaceId" | "getJob"> };

interface SubmissionOptions {
  resources?: Resources;
  budgets?: ReadonlyMap<string, JobBudget>;
}

/**
 * What the provider is asked to start for a claimed job. Its deadline is what is left: of the job's hours after its
 * earlier attempts, and of its money. Throws over_budget where nothing is left.
 */
export function createSubmission(
  session: Submitter,
  job: Attempt,
  { spec, options }: { spec: JobSpec; options: SubmissionOptions },
): Submission {
  const { providerJobId: _, ...handle } = handleOf(session.state, job);
  const deadlineSeconds = Math.min(
    secondsLeft(spec, job),
    affordableSeconds(job, options.budgets?.get(spec.jobKey)),
  );
  return {
    ...handle,
    spec: { ...spec, jobId: job.id, outputDir: job.outputDir, deadlineSeconds },
    resources: options.resources ?? ONE_CPU_PROCESS,
    spentSeconds: job.secondsBefore,
    parentJob: findParentJob(session, spec),
  };
}

/** The attempt that the next submission of this work would be. */
export function nextAttempt(state: Pick<State, "listJobs"> | null, spec: JobSpec): Attempt {
  const [job] = state?.listJobs({ jobKey: spec.jobKey }) ?? [];
  if (job === undefined) {
    const { jobId: id, outputDir } = spec;
    return { id, outputDir, attempt: 1, providerJobId: null, secondsBefore: 0, dollarsBefore: 0 };
  }
  if (isActive(job.state)) return job;
  return {
    ...job,
    attempt: job.attempt + 1,
    secondsBefore: job.secondsBefore + (job.seconds ?? 0),
    dollarsBefore: job.dollarsBefore + (job.dollars ?? 0),
  };
}

function secondsLeft({ deadlineSeconds }: JobSpec, job: Attempt): number {
  const left = Math.floor(deadlineSeconds - job.secondsBefore);
  if (left > 0) return left;
  const hours = (deadlineSeconds / 3600).toFixed(2);
  throw new MllmError(
    "over_budget",
    `${job.id} has used up its ${hours} hours in ${job.attempt - 1} attempts`,
    {
      hint: "Raise resources.max_hours and run the command again: it goes on from the last complete checkpoint.",
    },
  );
}

function affordableSeconds(job: Attempt, budget: JobBudget | undefined): number {
  if (!budget?.dollarsPerHour || budget.maxDollars === null) return Number.POSITIVE_INFINITY;
  const left = budget.maxDollars - job.dollarsBefore;
  const seconds = Math.floor((left / budget.dollarsPerHour) * 3600);
  if (seconds > 0) return seconds;
  throw new MllmError("over_budget", `nothing is left of ${job.id}'s share of the run's budget`, {
    hint: "Raise --max-cost (or resources.max_cost) and run the command again.",
  });
}

/** Where this provider, asked in the same place, has the job that makes the parent. */
function findParentJob(session: Submitter, spec: JobSpec): JobHandle | null {
  const { state, provider } = session;
  const parent = spec.parent?.jobId ? state.getJob(spec.parent.jobId) : null;
  if (parent === null || parent.provider !== provider.name) return null;
  return isSamePlace(parent, session) ? handleOf(state, parent) : null;
}
