import { ProviderError } from "../../core/errors.js";
import type { SkypilotSettings } from "../../core/provider-settings.js";
import { hubAccess } from "../hub/hub-access.js";
import { hubAccount } from "../hub/hub-repository.js";
import type {
  JobHandle,
  JobStatus,
  LaunchPlan,
  ListedJob,
  Provider,
  ProviderJob,
  Submission,
} from "../provider.js";
import type { ProviderEnvironment } from "../provider-environment.js";
import { judgeStatus } from "../remote/judge-status.js";
import { ship } from "../remote/shipment.js";
import { cancelJob } from "./cancel-job.js";
import { isLaunching, type ManagedJob, readQueue } from "./job-queue.js";
import { chooseJob, isOver, reasonOf, viewOf } from "./job-view.js";
import { launchArguments, launchJob } from "./launch-job.js";
import { openPlace, type Place, prepareJob } from "./prepare-job.js";
import { createPrices, type Prices } from "./prices.js";
import { checkReadiness, readClouds } from "./readiness.js";
import type { SkySettings } from "./sky-client.js";

interface Tools {
  environment: ProviderEnvironment;
  settings: SkypilotSettings;
  sky: SkySettings;
  prices: Prices;
  /** Where the jobs' files lie; asks the Hub when it is first needed. */
  place(): Promise<Place>;
}

/**
 * Managed jobs of SkyPilot, through its command-line client: it finds the machine in whatever cloud it may use,
 * starts the job anew elsewhere when a machine is taken away, and takes the machine down at the end.
 */
export function createSkypilotProvider(
  environment: ProviderEnvironment,
  settings: SkypilotSettings,
): Provider {
  const sky = { command: environment.env.MLLM_SKY || "sky", env: environment.env };
  const clouds = once(() => readClouds(sky));
  const prices = createPrices(sky, clouds);
  const place = once(() => openPlace(environment, settings));
  const tools: Tools = { environment, settings, sky, prices, place };
  return {
    name: "skypilot",
    engine: "trainer",
    // A job that waits for another one would wait on a machine of its own, and pay for it.
    canChain: false,
    hasPriceList: false,
    // Between the client's request and the server's list of requests.
    settleSeconds: 30,
    check: (wanted) => {
      const account = async () => hubAccount(hubAccess(environment));
      return checkReadiness({ sky, infra: settings.infra, clouds, hubAccount: account }, wanted);
    },
    quote: ({ resources }) => prices.quote(resources, settings.infra),
    describe: (submission) => describe(tools, submission),
    concurrency: async () => Number.POSITIVE_INFINITY,
    submit: (submission) => submit(tools, submission),
    find: (job) => find(tools, job),
    status: (job) => readStatus(tools, job),
    logs: async (job, cursor) => (await place()).jobs.logs(job, cursor),
    events: async (job, cursor) => (await place()).jobs.events(job, cursor),
    checkpoints: async (job) => (await place()).jobs.checkpoints(job),
    pull: async function* (job, checkpoint) {
      yield* (await place()).jobs.pull(job, checkpoint);
    },
    cancel: (job) => cancel(tools, job),
    list: () => list(tools),
  };
}

/** The value of the first call that succeeds. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = null;
      throw error;
    });
    return made;
  };
}

async function describe(tools: Tools, submission: Submission): Promise<LaunchPlan> {
  const place = await tools.place();
  const { shipment, task } = await prepareJob({ ...tools, place }, submission);
  const command = ["sky", ...launchArguments("task.yaml", submission.label)].join(" ");
  return {
    requests: [
      { request: `upload to the private data set ${place.repository}` },
      { request: `HF_TOKEN=<HF_TOKEN> ${command}`, body: task },
    ],
    uploads: shipment.inputs.map(({ path, sizeBytes }) => ({ path, sizeBytes })),
  };
}

async function submit(tools: Tools, submission: Submission): Promise<ProviderJob> {
  const known = chooseJob(await readQueue(tools.sky), submission.label);
  if (known !== null) return { providerJobId: String(known.job_id) };
  const place = await tools.place();
  const { shipment, task } = await prepareJob({ ...tools, place }, submission);
  await ship(place.storage, shipment);
  const { token } = hubAccess(tools.environment);
  return { providerJobId: await launchJob(tools.sky, { task, token }) };
}

async function find({ sky }: Tools, { label }: JobHandle): Promise<ProviderJob | null> {
  const job = await locate(sky, label);
  return job && { providerJobId: String(job.job_id) };
}

/** Null only where SkyPilot has no job of this label and makes none just now. */
async function locate(sky: SkySettings, label: string): Promise<ManagedJob | null> {
  const job = chooseJob(await readQueue(sky), label);
  if (job !== null) return job;
  if (await isLaunching(sky)) throw stillLaunching(label);
  // What was being launched between the two questions is in the queue now.
  return chooseJob(await readQueue(sky), label);
}

function stillLaunching(label: string): ProviderError {
  return new ProviderError("skypilot", `its server still works at a launch, perhaps that of ${label}`, {
    code: "unreachable",
    hint: "Try again in a minute; `sky api status` shows the launch.",
    isRetryable: true,
  });
}

async function readStatus({ sky, prices, place }: Tools, handle: JobHandle): Promise<JobStatus> {
  const job = pick(await readQueue(sky), handle);
  const { jobs } = await place();
  const view = viewOf(job);
  const status = judgeStatus({
    view,
    raw: job?.status ?? "not in the queue",
    reason: null,
    runner: await jobs.runnerState(handle),
    lastWord: await jobs.lastWord(handle),
    dollarsPerHour: await prices.ofJob(job),
  });
  return {
    ...status,
    reason: joinReasons(status, reasonOf(job)),
    restarts: Math.max(status.restarts, job?.recovery_count ?? 0),
  };
}

/** Ours first, SkyPilot's as it stands; of a success only what has to be known all the same. */
function joinReasons({ state, reason }: JobStatus, words: string | null): string | null {
  if (state === "queued" || state === "running" || words === null) return reason;
  return reason === null ? words : `${reason} (SkyPilot: ${words})`;
}

/** By its number; before that is known, by its label. */
function pick(jobs: readonly ManagedJob[], { providerJobId, label }: JobHandle): ManagedJob | null {
  if (providerJobId === null) return chooseJob(jobs, label);
  return jobs.find(({ job_id }) => String(job_id) === providerJobId) ?? null;
}

async function cancel({ sky, environment }: Tools, handle: JobHandle): Promise<void> {
  const isNumbered = handle.providerJobId !== null;
  const job = isNumbered ? pick(await readQueue(sky), handle) : await locate(sky, handle.label);
  if (job !== null && !isOver(job)) await cancelJob({ sky, sleep: environment.sleep }, job);
}

async function list({ sky, prices }: Tools): Promise<ListedJob[]> {
  const jobs = await readQueue(sky, { isLiveOnly: true });
  const ours = jobs.filter(({ job_name }) => job_name?.startsWith("mllm-"));
  return Promise.all(
    ours.map(async (job) => ({
      providerJobId: String(job.job_id),
      label: job.job_name ?? "",
      raw: job.status ?? "unknown",
      dollarsPerHour: await prices.ofJob(job),
      startedAt: toIso(job.start_at ?? job.submitted_at),
    })),
  );
}

function toIso(seconds: number | null | undefined): string | null {
  return seconds === null || seconds === undefined ? null : new Date(seconds * 1000).toISOString();
}
