import type { JobHandle, JobStatus, ProviderJob } from "../provider.js";
import { judgeStatus } from "../remote/judge-status.js";
import { findPod } from "./launch-pod.js";
import { isAlive, type Pod } from "./pod.js";
import { viewOfPod } from "./pod-view.js";
import { podOf, type RunpodParts, SETTLE_SECONDS } from "./runpod-parts.js";
import { readStoppedPod } from "./stopped-pods.js";

/** RunPod forgets a pod that was taken away, as each of ours is at its end: then what the job left is asked. */
export async function findJob(parts: RunpodParts, job: JobHandle): Promise<ProviderJob | null> {
  const pod = await findPod(parts.client, job.label);
  if (pod !== null) return { providerJobId: pod.id };
  const hasRun =
    (await readStoppedPod(job, job.providerJobId)) !== null ||
    (await (await parts.tree()).remote.runnerState(job)) !== null;
  // Its label will do for a pod that no longer is: there is none of either name.
  return hasRun ? { providerJobId: job.providerJobId ?? job.label } : null;
}

export async function readPodStatus(parts: RunpodParts, job: JobHandle): Promise<JobStatus> {
  // In this order: what the runner says last, it says before its pod is gone.
  const pod = await podOf(parts, job);
  const { remote } = await parts.tree();
  const runner = await remote.runnerState(job);
  const podId = pod?.id ?? job.providerJobId;
  const isStoppedByUs = (await readStoppedPod(job, podId))?.wasAtWork === true;
  const isNew = pod === null && runner === null && !isStoppedByUs && isJustMade(parts, podId);
  const status = judgeStatus({
    ...(isNew ? NOT_SHOWN : viewOfPod(pod, { runner, isStoppedByUs })),
    runner,
    lastWord: await remote.lastWord(job),
    dollarsPerHour: null,
  });
  return { ...status, dollars: await costOf(parts, pod, podId) };
}

const NOT_SHOWN = { view: "queued", raw: "not shown yet", reason: null } as const;

function isJustMade({ made, environment }: RunpodParts, podId: string | null): boolean {
  const at = podId === null ? undefined : made.get(podId);
  return at !== undefined && environment.now().getTime() - at < SETTLE_SECONDS * 1000;
}

/** A pod costs from its start to its end, whatever the job does in it. */
async function costOf(
  { client, environment }: RunpodParts,
  pod: Pod | null,
  podId: string | null,
): Promise<number | null> {
  if (pod !== null && isAlive(pod)) {
    const since = Date.parse(pod.startedAt ?? pod.createdAt);
    return Math.max(0, (environment.now().getTime() - since) / 3_600_000) * pod.cost;
  }
  return podId === null ? null : client.billed(podId).catch(() => null);
}
