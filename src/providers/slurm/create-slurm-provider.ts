import type { SlurmSettings } from "../../core/provider-settings.js";
import { quoteCommand } from "../host/quote-argument.js";
import type { LaunchPlan, ListedJob, Provider, Submission } from "../provider.js";
import type { ProviderEnvironment } from "../provider-environment.js";
import { listUploads } from "../remote/shipment.js";
import { createBatchScript } from "./batch-script.js";
import { cancelJob } from "./cancel-job.js";
import { checkCluster } from "./check-cluster.js";
import { findJobId } from "./find-job.js";
import { readStatus } from "./read-status.js";
import { createSbatchArguments } from "./sbatch-arguments.js";
import { createSlurmParts, PROVIDER, type SlurmParts } from "./slurm-parts.js";
import { findDependency, gpuRequests, shipmentOf, submitJob } from "./submit-job.js";

/**
 * A cluster, through Slurm's own commands: on this machine, or on a login node by ssh. Slurm queues, bounds the time,
 * starts again what was preempted, and starts stage 2 when stage 1 has succeeded; the laptop may be shut.
 */
export function createSlurmProvider(environment: ProviderEnvironment, settings: SlurmSettings): Provider {
  const parts = createSlurmParts(environment, settings);
  return {
    name: PROVIDER,
    engine: "trainer",
    canChain: true,
    hasPriceList: false,
    // An sbatch whose connection broke may still be waiting for the controller.
    settleSeconds: 10,
    check: (wanted) => checkCluster(parts, wanted),
    quote: async () => ({ dollarsPerHour: 0, dollars: null, source: "your cluster" }),
    describe: (submission) => describe(parts, submission),
    concurrency: async () => Number.POSITIVE_INFINITY,
    submit: (submission) => submitJob(parts, submission),
    find: async (job) => {
      const providerJobId = await findJobId(parts, job);
      return providerJobId === null ? null : { providerJobId };
    },
    status: (job) => readStatus(parts, job),
    logs: parts.jobs.logs,
    events: parts.jobs.events,
    checkpoints: parts.jobs.checkpoints,
    pull: parts.jobs.pull,
    cancel: (job) => cancelJob(parts, job),
    list: () => list(parts),
  };
}

/** The request for the GPU type that comes first; the others follow only where it is refused. */
async function describe(parts: SlurmParts, submission: Submission): Promise<LaunchPlan> {
  const { settings } = parts;
  const shipment = await shipmentOf(parts, submission);
  const after = await findDependency(parts, submission);
  const [gres = null] = await gpuRequests(parts, submission);
  const { jobFolder } = shipment;
  const args = createSbatchArguments({ submission, settings, jobFolder, gres, after });
  const where = settings.host === undefined ? [] : ["ssh", settings.host];
  return {
    requests: [
      {
        request: quoteCommand([...where, "sbatch", ...args]),
        body: createBatchScript(submission, shipment, settings.python ?? "python3"),
      },
    ],
    uploads: listUploads(shipment),
  };
}

async function list({ client }: SlurmParts): Promise<ListedJob[]> {
  const alive = await client.jobsAlive();
  return alive
    .filter(({ name }) => name.startsWith("mllm-"))
    .map(({ id, name, state, startedAt }) => ({
      providerJobId: id,
      label: name,
      raw: state,
      dollarsPerHour: 0,
      startedAt,
    }));
}
