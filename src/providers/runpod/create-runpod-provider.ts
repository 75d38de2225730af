import type { RunpodSettings } from "../../core/provider-settings.js";
import { hubAccess } from "../hub/hub-access.js";
import { hubRepository } from "../hub/hub-repository.js";
import { createHubStorage } from "../hub/hub-storage.js";
import type { ProviderEnvironment } from "../index.js";
import type { JobHandle, JobStatus, LaunchPlan, Provider, Submission } from "../provider.js";
import { containerCommand } from "../remote/container-command.js";
import { judgeStatus } from "../remote/judge-status.js";
import { createRemoteJobs, type RemoteJobs } from "../remote/remote-job.js";
import { createShipment, type Shipment, ship } from "../remote/shipment.js";
import type { Storage } from "../storage.js";
import { checkRunpod } from "./check-runpod.js";
import { chooseCandidates } from "./choose-candidates.js";
import { type Candidate, type CreatePodRequest, createPodRequest } from "./create-pod-request.js";
import { endPod } from "./end-pod.js";
import { findPod, launchPod } from "./launch-pod.js";
import { isAlive, type Pod } from "./pod.js";
import { readPodLogs } from "./pod-logs.js";
import { viewOfPod } from "./pod-view.js";
import { createRunpodClient, type RunpodClient } from "./runpod-client.js";
import { readStoppedPod } from "./stopped-pods.js";

/** Where the tree lies in the container. */
const ROOT = "/tmp/mllm";
const SYNC_SECONDS = 30;
/** How long a pod that was just made may be missing from the list. Not documented. */
const SETTLE_SECONDS = 20;

interface HubTree {
  repository: string;
  storage: Storage;
  remote: RemoteJobs;
}

interface Runpod {
  environment: ProviderEnvironment;
  settings: RunpodSettings;
  client: RunpodClient;
  tree(): Promise<HubTree>;
}

/** Pods of RunPod's REST API v2; data and weights travel through the Hugging Face Hub. See docs/providers/runpod.md. */
export function createRunpodProvider(environment: ProviderEnvironment, settings: RunpodSettings): Provider {
  const client = createRunpodClient(environment);
  const tree = once(() => openTree(environment, settings));
  const runpod: Runpod = { environment, settings, client, tree };
  return {
    name: "runpod",
    engine: "mllm",
    canChain: false,
    settleSeconds: SETTLE_SECONDS,
    check: (wanted) => checkRunpod(client, { settings, openStorage: tree }, wanted),
    quote: async ({ resources }) => {
      const candidates = await chooseCandidates(client, settings, resources);
      const prices = candidates.flatMap(({ dollarsPerHour }) => dollarsPerHour ?? []);
      const dollarsPerHour = prices.length === 0 ? null : Math.max(...prices);
      const source = `RunPod's catalog, the dearest of ${candidates.map(nameOf).join(", ")}`;
      return { dollarsPerHour, dollars: null, source };
    },
    describe: (submission) => describe(runpod, submission),
    concurrency: async () => Number.POSITIVE_INFINITY,
    submit: async (submission) => ({ providerJobId: (await submit(runpod, submission)).id }),
    async find({ label }) {
      const pod = await findPod(client, label);
      return pod && { providerJobId: pod.id };
    },
    status: (job) => readStatus(runpod, job),
    async logs(job, cursor) {
      const { remote } = await tree();
      const pod = await podOf(client, job);
      const known = pod === null ? job : { ...job, providerJobId: pod.id };
      return readPodLogs({ client, remote, job: known, since: pod?.createdAt ?? null }, cursor);
    },
    events: async (job, cursor) => (await tree()).remote.events(job, cursor),
    checkpoints: async (job) => (await tree()).remote.checkpoints(job),
    async *pull(job, checkpoint) {
      yield* (await tree()).remote.pull(job, checkpoint);
    },
    async cancel(job) {
      const pod = await podOf(client, job);
      if (pod !== null) await endPod({ client, sleep: environment.sleep }, job, pod);
    },
    async list() {
      const pods = await client.listPods();
      return pods
        .filter(({ name, status }) => name.startsWith("mllm-") && status !== "TERMINATED")
        .map(({ id, name, status, cost, startedAt, createdAt }) => ({
          providerJobId: id,
          label: name,
          raw: status,
          dollarsPerHour: cost,
          startedAt: startedAt ?? createdAt,
        }));
    },
  };
}

async function openTree(environment: ProviderEnvironment, settings: RunpodSettings): Promise<HubTree> {
  const access = hubAccess(environment);
  const { workspaceId } = environment;
  const repository = await hubRepository(access, { repository: settings.repository, workspaceId });
  const storage = createHubStorage({ ...access, repository, root: ROOT });
  return { repository, storage, remote: createRemoteJobs(storage) };
}

/** Asked once, and again after a failure. */
function once<Result>(open: () => Promise<Result>): () => Promise<Result> {
  let opened: Promise<Result> | null = null;
  return () => {
    opened ??= open().catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  };
}

async function submit(runpod: Runpod, submission: Submission): Promise<Pod> {
  const { client, settings } = runpod;
  const found = await findPod(client, submission.label);
  if (found !== null) return found;
  const candidates = await chooseCandidates(client, settings, submission.resources);
  const { shipment, toRequest } = await prepare(runpod, submission);
  await ship((await runpod.tree()).storage, shipment);
  return launchPod(client, candidates, toRequest);
}

async function describe(runpod: Runpod, submission: Submission): Promise<LaunchPlan> {
  const { client, settings } = runpod;
  const candidates = await chooseCandidates(client, settings, submission.resources);
  const { shipment, toRequest } = await prepare(runpod, submission);
  const jobFiles = shipment.jobFiles.map((file) => ({
    path: file.path,
    sizeBytes: "text" in file ? Buffer.byteLength(file.text) : 0,
  }));
  return {
    requests: [
      { request: `GET ${client.base}/pods` },
      // One after the other, until one is taken.
      ...candidates.map((candidate) => ({ request: `POST ${client.base}/pods`, body: toRequest(candidate) })),
    ],
    uploads: [...shipment.inputs, ...jobFiles].map(({ path, sizeBytes }) => ({ path, sizeBytes })),
  };
}

async function prepare(
  { environment, settings, tree }: Runpod,
  submission: Submission,
): Promise<{ shipment: Shipment; toRequest: (candidate: Candidate) => CreatePodRequest }> {
  const { repository } = await tree();
  const shipment = await createShipment({
    submission,
    packageRoot: environment.packageRoot,
    root: ROOT,
    options: {
      python: null,
      slots: null,
      storage: { kind: "hub", repository, root: ROOT, inputs: [], syncSeconds: SYNC_SECONDS },
      release: "runpod",
      hasOwnEnvironment: true,
    },
  });
  const { kit, job } = shipment;
  const endpoint = environment.env.HF_ENDPOINT || null;
  const container = containerCommand({ repository, kit, job, root: ROOT, endpoint });
  return { shipment, toRequest: createPodRequest(submission, settings, container) };
}

async function readStatus({ client, tree, environment }: Runpod, job: JobHandle): Promise<JobStatus> {
  const pod = await podOf(client, job);
  const { remote } = await tree();
  const runner = await remote.runnerState(job);
  const podId = pod?.id ?? job.providerJobId;
  const isStoppedByUs = (await readStoppedPod(job, podId)) !== null;
  const status = judgeStatus({
    ...viewOfPod(pod, { runner, isStoppedByUs }),
    runner,
    lastWord: await remote.lastWord(job),
    dollarsPerHour: null,
  });
  return { ...status, dollars: await costOf(client, pod, { podId, now: environment.now() }) };
}

/** A pod costs from its start to its end, whatever the job does in it. */
async function costOf(
  client: RunpodClient,
  pod: Pod | null,
  { podId, now }: { podId: string | null; now: Date },
): Promise<number | null> {
  if (pod !== null && isAlive(pod)) {
    const since = Date.parse(pod.startedAt ?? pod.createdAt);
    return Math.max(0, (now.getTime() - since) / 3_600_000) * pod.cost;
  }
  return podId === null ? null : client.billed(podId).catch(() => null);
}

function podOf(client: RunpodClient, { providerJobId, label }: JobHandle): Promise<Pod | null> {
  return providerJobId === null ? findPod(client, label) : client.getPod(providerJobId);
}

function nameOf(candidate: Candidate): string {
  return "gpu" in candidate
    ? `${candidate.gpu.count} × ${candidate.gpu.id}`
    : `${candidate.cpu.vcpuCount} vCPUs of ${candidate.cpu.id}`;
}
