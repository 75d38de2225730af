import type { JobSpec } from "../core/job-spec.js";
import type { Dataset } from "../data/open-dataset.js";
import { countTokens } from "../recipe/count-tokens.js";
import { type Estimate, estimateJob } from "../recipe/estimate.js";
import type { PlannedJob } from "../training/plan-training.js";
import { checkStart } from "./check-start.js";
import type { Context } from "./context.js";
import { findTokenizer } from "./find-model.js";
import type { Workspace } from "./workspace.js";

/** What a dry run found: the shape of `mllm train --dry-run --json` (docs/json-output.md). */
export interface PlanReport {
  canStart: boolean;
  problems: { code: string; message: string; hint: string | null }[];
  provider: { name: string; isReady: boolean; facts: Record<string, string | number> };
  costDollars: number;
  jobs: PlanReportJob[];
}

export interface PlanReportJob {
  spec: JobSpec;
  command: string;
  sources: Record<string, string>;
  estimate: Estimate;
}

export interface PlanReportRequest {
  workspace: Workspace;
  plan: readonly PlannedJob[];
  dataset: Dataset;
  gpu: string | undefined;
}

/** Asks the provider what it needs to start these jobs and what they would cost; changes nothing. */
export async function createPlanReport(context: Context, request: PlanReportRequest): Promise<PlanReport> {
  const { plan } = request;
  const { provider } = request.workspace;
  const { readiness, problems } = await checkStart(request.workspace, plan);
  const jobs: PlanReportJob[] = [];
  let costDollars = 0;
  for (const planned of plan) {
    const { spec, job } = planned;
    const estimate = await estimatePlanned(context, request, planned);
    costDollars += await provider.estimateCost(spec, (estimate.seconds ?? spec.deadlineSeconds) / 3600);
    jobs.push({ spec, command: provider.describe(spec), sources: job.sources, estimate });
  }
  return {
    canStart: readiness.isReady && problems.length === 0,
    problems: [
      ...problems.map(({ code, message, hint }) => ({ code, message, hint: hint ?? null })),
      ...readiness.problems,
    ],
    provider: { name: provider.name, isReady: readiness.isReady, facts: readiness.facts },
    costDollars,
    jobs,
  };
}

async function estimatePlanned(
  context: Context,
  request: PlanReportRequest,
  planned: PlannedJob,
): Promise<Estimate> {
  const { dataset, gpu } = request;
  const { job, spec } = planned;
  const { train } = dataset.manifest.subsets[job.subset];
  const counts = await countTokens({
    file: { ...train, path: spec.data.train },
    endOfTurn: dataset.endOfTurn,
    tokenizerFolder: findTokenizer(context, job.baseModel),
  });
  return estimateJob({ job, manifest: dataset.manifest, counts, gpu });
}
