import type { MllmError } from "../../core/errors.js";
import type { JobSpec } from "../../core/job-spec.js";
import type { LaunchPlan, Provider, Quote } from "../../providers/provider.js";
import type { Estimate } from "../../recipe/estimate.js";
import type { StartCheck, StartedJob, StartRequest } from "./check-start.js";
import { type Estimator, requestParts } from "./estimate-planned.js";
import { type MachineReport, priceMachines } from "./price-machines.js";

interface ProblemReport {
  code: string;
  message: string;
  hint: string | null;
}

/** What a dry run found: the shape of `mllm train --dry-run --json` (docs/json-output.md). */
export interface PlanReport {
  canStart: boolean;
  problems: ProblemReport[];
  provider: { name: string; isReady: boolean; facts: Record<string, string | number> };
  /** Asked for, but not ready. */
  passedOver: { name: string; problems: ProblemReport[] }[];
  fallbacks: string[];
  cost: {
    expectedDollars: number | null;
    /** What deadlines and budget allow. */
    atMostDollars: number | null;
    spentDollars: number;
    /** What jobs at work may still cost. */
    heldDollars: number;
    maxDollars: number | null;
  };
  jobs: PlanReportJob[];
}

interface PlanReportJob {
  spec: JobSpec;
  label: string | null;
  /** What would be sent, secrets left out; null where the job cannot start. */
  launch: LaunchPlan | null;
  quote: Quote;
  sources: Record<string, string>;
  estimate: Estimate | null;
  /** On GPUs: the recipe's types, then others that the provider has. */
  machines: MachineReport[];
}

/** Asks the provider what it would do; changes nothing. */
export async function createPlanReport(
  { choices }: StartRequest,
  { jobs, budget, problems }: StartCheck,
  estimator: Estimator,
): Promise<PlanReport> {
  const { provider, readiness } = choices.chosen;
  const isListing = readiness.isReady && provider.hasPriceList;
  const { expectedDollars, atMostDollars, spentDollars, heldDollars, maxDollars } = budget;
  return {
    canStart: readiness.isReady && problems.length === 0,
    problems: problems.map(report),
    provider: { name: provider.name, isReady: readiness.isReady, facts: readiness.facts },
    passedOver: choices.passedOver.map((choice) => ({
      name: choice.provider.name,
      problems: choice.readiness.problems,
    })),
    fallbacks: choices.fallbacks.map((choice) => choice.provider.name),
    cost: { expectedDollars, atMostDollars, spentDollars, heldDollars, maxDollars },
    jobs: await Promise.all(jobs.map((job) => reportJob({ provider, isListing, estimator }, job))),
  };
}

async function reportJob(
  { provider, isListing, estimator }: { provider: Provider; isListing: boolean; estimator: Estimator },
  job: StartedJob,
): Promise<PlanReportJob> {
  const { submission, quote, estimate, spec } = job;
  const isPossible = submission !== null && job.problems.length === 0;
  const launch = isPossible ? await provider.describe(submission).catch(() => null) : null;
  const parts = await requestParts(estimator, job);
  return {
    ...{ spec, label: submission?.label ?? null, launch, quote, sources: listSources(job), estimate },
    machines: await priceMachines({ provider, isListing }, job, parts),
  };
}

/** Of several roles, the first one's as they are, and each one's under `<key> (<role>)`. */
function listSources({ job, parts = [] }: StartedJob): Record<string, string> {
  const own = parts.flatMap((part) =>
    Object.entries(part.job.sources).map(([key, source]) => [`${key} (${part.spec.subset})`, source]),
  );
  return { ...job.sources, ...Object.fromEntries(own) };
}

function report({ code, message, hint }: MllmError): ProblemReport {
  return { code, message, hint: hint ?? null };
}
