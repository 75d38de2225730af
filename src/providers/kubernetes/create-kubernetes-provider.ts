import type { V1Job } from "@kubernetes/client-node";
import type { KubernetesSettings } from "../../core/provider-settings.js";
import type {
  JobHandle,
  JobStatus,
  LaunchPlan,
  ListedJob,
  LogChunk,
  Provider,
  Submission,
} from "../provider.js";
import type { ProviderEnvironment } from "../provider-environment.js";
import { type ContainerJob, createContainerJob } from "../remote/container-job.js";
import { judgeStatus } from "../remote/judge-status.js";
import { createRemoteJobs } from "../remote/remote-job.js";
import { listUploads, ship } from "../remote/shipment.js";
import { cancelJob } from "./cancel-job.js";
import { hasCancelMark, writeCancelMark } from "./cancel-mark.js";
import { checkCluster } from "./check-cluster.js";
import { isDisrupted } from "./describe-pod.js";
import { createJobManifest, createServiceManifest, LABELS } from "./job-manifest.js";
import { createJob, listJobs, readJob, readWarnings, refuseDying } from "./job-object.js";
import { createPlace, type KubernetesPlace } from "./kubernetes-place.js";
import { listPods } from "./list-pods.js";
import { parsePodCursor, readPodLogs } from "./pod-logs.js";
import { isEnded, type JobView, readView } from "./read-view.js";

/**
 * Runs each job as a batch/v1 Job whose name is our label: the API itself refuses a second one. Files travel through a
 * private data set on the Hub.
 */
export function createKubernetesProvider(
  environment: ProviderEnvironment,
  settings: KubernetesSettings,
  options: { timeoutMilliseconds?: number } = {},
): Provider {
  const place = createPlace(environment, settings, options);
  const remote = async () => createRemoteJobs(await place.storage());
  return {
    name: "kubernetes",
    engine: "trainer",
    canChain: false,
    hasPriceList: false,
    // The API answers from what it has stored last.
    settleSeconds: 0,
    check: (wanted) => checkCluster(place, wanted),
    quote: async () => ({ dollarsPerHour: null, dollars: null, source: "your cluster" }),
    describe: async (submission) => describe(place, submission, await pack(place, submission)),
    concurrency: async () => Number.POSITIVE_INFINITY,
    async submit(submission) {
      const { label } = submission;
      const job = await readJob(place.cluster(), label);
      refuseDying(job, label);
      if (job === null) {
        const container = await pack(place, submission);
        await ship(await place.storage(), container.shipment);
        await createJob(place.cluster(), { submission, settings, container });
      }
      return { providerJobId: label };
    },
    find: async ({ label }) =>
      (await readJob(place.cluster(), label)) === null ? null : { providerJobId: label },
    status: (job) => readStatus(place, job),
    logs: (job, cursor) => readLogs(place, job, cursor),
    events: async (job, cursor) => (await remote()).events(job, cursor),
    checkpoints: async (job) => (await remote()).checkpoints(job),
    async *pull(job, checkpoint) {
      yield* (await remote()).pull(job, checkpoint);
    },
    async cancel(job) {
      const found = await readJob(place.cluster(), job.label);
      if (found !== null && isEnded(found)) return;
      if (found !== null) await writeCancelMark(await place.storage(), job);
      await cancelJob(place.cluster(), job.label);
    },
    list: async () => (await listJobs(place.cluster())).flatMap(toListed),
  };
}

async function pack(
  { environment, repository }: KubernetesPlace,
  submission: Submission,
): Promise<ContainerJob> {
  return createContainerJob(environment, { submission, repository: await repository(), release: null });
}

function describe(
  { cluster, settings }: KubernetesPlace,
  submission: Submission,
  container: ContainerJob,
): LaunchPlan {
  const request = { submission, settings, container };
  const { shipment } = container;
  const { server } = cluster().client;
  const { namespace } = settings;
  const service = {
    request: `POST ${server}/api/v1/namespaces/${namespace}/services`,
    body: createServiceManifest(request),
  };
  const job = {
    request: `POST ${server}/apis/batch/v1/namespaces/${namespace}/jobs?fieldValidation=Strict`,
    body: createJobManifest(request),
  };
  return {
    requests: submission.resources.nodes > 1 ? [service, job] : [job],
    uploads: listUploads(shipment),
  };
}

async function readStatus(place: KubernetesPlace, job: JobHandle): Promise<JobStatus> {
  const { view, disruptions } = await readCluster(place, job);
  const storage = await place.storage();
  const remote = createRemoteJobs(storage);
  // In this order: what was said before the end is read after it.
  const [runner, lastWord] = [await remote.runnerState(job), await remote.lastWord(job)];
  const isOurs = view.view === "gone" && (await hasCancelMark(storage, job));
  const evidence = isOurs ? { ...view, view: "cancelled" as const, reason: "cancelled on request" } : view;
  const status = judgeStatus({ ...evidence, runner, lastWord, dollarsPerHour: null });
  return { ...status, restarts: Math.max(status.restarts, disruptions) };
}

async function readCluster(
  place: KubernetesPlace,
  { label }: JobHandle,
): Promise<{ view: JobView; disruptions: number }> {
  const cluster = place.cluster();
  const job = await readJob(cluster, label);
  if (job === null) return { view: { view: "gone", raw: "not found", reason: null }, disruptions: 0 };
  const pods = await listPods(cluster, label);
  const warnings = pods.length === 0 && !isEnded(job) ? await readWarnings(cluster, label) : [];
  return { view: readView(job, pods, warnings), disruptions: pods.filter(isDisrupted).length };
}

/** Of the pods; of a job that has none any more and was not followed so far, what its folder has kept. */
async function readLogs(place: KubernetesPlace, job: JobHandle, cursor: string | null): Promise<LogChunk> {
  const at = cursor === null ? null : parsePodCursor(cursor);
  const isStored = cursor !== null && at === null;
  const pods = isStored ? [] : await listPods(place.cluster(), job.label);
  const isFollowed = at !== null && (at.last !== null || at.done.length > 0);
  if (pods.length > 0 || isFollowed) return readPodLogs(place.cluster(), pods, at);
  const isAlive = !isStored && (await readJob(place.cluster(), job.label)) !== null;
  if (isAlive) return readPodLogs(place.cluster(), [], null);
  return createRemoteJobs(await place.storage()).logs(job, isStored ? cursor : null);
}

function toListed(job: V1Job): ListedJob[] {
  const label = job.metadata?.labels?.[LABELS.label];
  if (label === undefined || isEnded(job)) return [];
  const startedAt = job.status?.startTime?.toISOString() ?? null;
  const { raw } = readView(job, []);
  return [{ providerJobId: job.metadata?.name ?? label, label, raw, dollarsPerHour: null, startedAt }];
}
