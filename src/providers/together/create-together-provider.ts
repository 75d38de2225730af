import { MllmError } from "../../core/errors.js";
import type { TogetherSettings } from "../../core/provider-settings.js";
import type { Resources } from "../../core/resources.js";
import type { ListedJob, Provider, Readiness } from "../provider.js";
import type { ProviderEnvironment } from "../provider-environment.js";
import { cancelJob } from "./cancel-job.js";
import { describeLaunch } from "./describe-launch.js";
import { findJob, getJob, hasEnded, labelOf } from "./find-job.js";
import { readEvents, readLogs } from "./follow-job.js";
import { quoteJob } from "./price-job.js";
import { pullCheckpoint } from "./pull-checkpoint.js";
import { readCheckpoints } from "./read-checkpoints.js";
import { readStatus } from "./read-status.js";
import { submitJob } from "./submit-job.js";
import { createTogetherApi } from "./together-api.js";
import type { TogetherContext } from "./together-context.js";

/** Unverified how soon a new job is listed; half a minute is generous. */
const SETTLE_SECONDS = 30;

/**
 * Together's managed fine-tuning: its own trainer, on machines of its choice, for a fixed price. It has no deadline
 * for a job, so the price is what bounds the cost.
 */
export function createTogetherProvider(
  environment: ProviderEnvironment,
  settings: TogetherSettings,
): Provider {
  const baseUrl = (environment.env.TOGETHER_BASE_URL || "https://api.together.ai/v1").replace(/\/+$/, "");
  const api = createTogetherApi({
    http: environment,
    baseUrl,
    key: () => environment.secret("TOGETHER_API_KEY"),
  });
  const context: TogetherContext = { api, baseUrl, environment, settings };
  return {
    name: "together",
    engine: "together",
    canChain: false,
    hasPriceList: false,
    settleSeconds: SETTLE_SECONDS,
    check: (wanted) => check(context, wanted),
    quote: (submission, options = { mayUpload: false }) => quoteJob(context, submission, options),
    describe: (submission) => describeLaunch(context, submission),
    concurrency: async () => Number.POSITIVE_INFINITY,
    submit: (submission) => submitJob(context, submission),
    find: async (job) => {
      const found = await findJob(context, job);
      return found === null ? null : { providerJobId: found.id };
    },
    status: (job) => readStatus(context, job),
    logs: (job, cursor) => readLogs(context, job, cursor),
    events: (job, cursor) => readEvents(context, job, cursor),
    checkpoints: async (job) => {
      const found = await getJob(context, job);
      return found === null ? [] : readCheckpoints(context, job, found.id);
    },
    pull: (job, checkpoint) => pullCheckpoint(context, job, checkpoint),
    cancel: (job) => cancelJob(context, job),
    list: () => list(context),
  };
}

async function list({ api }: TogetherContext): Promise<ListedJob[]> {
  return (await api.listJobs()).flatMap((job) => {
    const label = labelOf(job);
    if (label === null || hasEnded(job)) return [];
    return [
      {
        providerJobId: job.id,
        label,
        raw: job.status,
        // The price of a job is fixed.
        dollarsPerHour: null,
        startedAt: job.created_at ?? null,
      },
    ];
  });
}

async function check(context: TogetherContext, wanted: Resources): Promise<Readiness> {
  const { settings, api } = context;
  const problems: Readiness["problems"] = [];
  const facts: Readiness["facts"] = {
    api: context.baseUrl,
    cost: "a fixed price for each job, asked for before it is made; jobs have no deadline of their own",
  };
  try {
    const jobs = await api.listJobs();
    facts.jobs = jobs.length;
    facts.active = jobs.filter((job) => !hasEnded(job)).length;
    if (settings.model !== undefined && (await api.readLimits(settings.model)) === null) {
      problems.push({
        code: "bad_recipe",
        message: `together cannot fine-tune ${settings.model} (providers.together.model)`,
        hint: "Choose one of its models: docs.together.ai/docs/fine-tuning-models.",
      });
    }
  } catch (error) {
    if (!(error instanceof MllmError)) throw error;
    const hint = error.hint ?? "Check the network and the key.";
    problems.push({ code: error.code, message: error.message, hint });
  }
  if (settings.hf_output_repo !== undefined && context.environment.secret("HF_TOKEN") === null) {
    problems.push({
      code: "bad_credentials",
      message: "providers.together.hf_output_repo needs a Hugging Face token",
      hint: "Set HF_TOKEN, or leave hf_output_repo out.",
    });
  }
  if (wanted.gpusPerNode > 0)
    facts.machines = "of the vendor's choice; the recipe's GPUs only count rows a step";
  return { isReady: problems.length === 0, problems, facts };
}
