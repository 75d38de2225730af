import type { RunpodSettings } from "../../core/provider-settings.js";
import type { ListedJob, Provider, Quote } from "../provider.js";
import type { ProviderEnvironment } from "../provider-environment.js";
import { checkRunpod } from "./check-runpod.js";
import { chooseCandidates } from "./choose-candidates.js";
import { endPod } from "./end-pod.js";
import { readPodLogs } from "./pod-logs.js";
import { findJob, readPodStatus } from "./pod-status.js";
import { createRunpodParts, podOf, type RunpodParts, SETTLE_SECONDS } from "./runpod-parts.js";
import { describeLaunch, nameOfCandidate, submitPod } from "./submit-pod.js";

/** Pods of RunPod's REST API v2; data and weights travel through the Hugging Face Hub. See docs/providers/runpod.md. */
export function createRunpodProvider(environment: ProviderEnvironment, settings: RunpodSettings): Provider {
  const parts = createRunpodParts(environment, settings);
  const { client, tree } = parts;
  return {
    name: "runpod",
    engine: "trainer",
    canChain: false,
    hasPriceList: true,
    settleSeconds: SETTLE_SECONDS,
    check: (wanted) => checkRunpod(client, { settings, openStorage: tree }, wanted),
    quote: ({ resources }) => quote(parts, resources),
    describe: (submission) => describeLaunch(parts, submission),
    concurrency: async () => Number.POSITIVE_INFINITY,
    submit: async (submission) => ({ providerJobId: (await submitPod(parts, submission)).id }),
    find: (job) => findJob(parts, job),
    status: (job) => readPodStatus(parts, job),
    async logs(job, cursor) {
      const { remote } = await tree();
      const pod = await podOf(parts, job);
      const known = pod === null ? job : { ...job, providerJobId: pod.id };
      return readPodLogs({ client, remote, job: known, since: pod?.createdAt ?? null }, cursor);
    },
    events: async (job, cursor) => (await tree()).remote.events(job, cursor),
    checkpoints: async (job) => (await tree()).remote.checkpoints(job),
    async *pull(job, checkpoint) {
      yield* (await tree()).remote.pull(job, checkpoint);
    },
    async cancel(job) {
      const pod = await podOf(parts, job);
      if (pod !== null) await endPod({ client, sleep: environment.sleep }, job, pod);
    },
    list: () => listPods(parts),
  };
}

async function quote(
  { client, settings }: RunpodParts,
  wanted: Parameters<Provider["check"]>[0],
): Promise<Quote> {
  const candidates = await chooseCandidates(client, settings, wanted);
  const prices = candidates.flatMap(({ dollarsPerHour }) => dollarsPerHour ?? []);
  const dollarsPerHour = prices.length === 0 ? null : Math.max(...prices);
  const source = `RunPod's catalog, the dearest of ${candidates.map(nameOfCandidate).join(", ")}`;
  return { dollarsPerHour, dollars: null, source };
}

async function listPods({ client }: RunpodParts): Promise<ListedJob[]> {
  const pods = await client.listPods();
  // A stopped pod is not gone: it bills its disk.
  const ours = pods.filter(({ name, status }) => name.startsWith("mllm-") && status !== "TERMINATED");
  return ours.map(({ id, name, status, cost, startedAt, createdAt }) => ({
    providerJobId: id,
    label: name,
    raw: status,
    dollarsPerHour: cost,
    startedAt: startedAt ?? createdAt,
  }));
}
