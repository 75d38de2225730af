import { ProviderError } from "../../core/errors.js";
import type { JobHandle } from "../provider.js";
import { isAlive, type Pod } from "./pod.js";
import type { RunpodClient } from "./runpod-client.js";
import { writeStoppedPod } from "./stopped-pods.js";

const LOOKS = 40;
const PAUSE_MILLISECONDS = 3000;

/** Takes the pod away for good (a stopped one would go on to bill its disk) and returns when RunPod knows it no more. */
export async function endPod(
  { client, sleep }: { client: RunpodClient; sleep(milliseconds: number): Promise<void> },
  job: JobHandle,
  pod: Pod,
): Promise<void> {
  if (isAlive(pod)) {
    const from = { lastEventId: null, since: pod.createdAt };
    // Both are worth less than the pod's end. What is no job of ours has no folder.
    const log = await client.readLogs(pod.id, from).catch(() => null);
    if (job.outputDir !== "") await writeStoppedPod(job, pod, log ?? []).catch(() => {});
  }
  let last = pod.status;
  for (let look = 0; look < LOOKS; look++) {
    if (look > 0) await sleep(PAUSE_MILLISECONDS);
    try {
      if (!(await client.deletePod(pod.id))) return;
      const now = await client.getPod(pod.id);
      if (now === null || now.status === "TERMINATED") return;
      last = now.status;
    } catch (error) {
      // May be asked again: what is gone stays gone.
      if (!(error instanceof ProviderError) || !error.isRetryable || look === LOOKS - 1) throw error;
    }
  }
  throw new ProviderError("runpod", `pod ${pod.id} was to be terminated and is still ${last}`, {
    code: "unreachable",
    isRetryable: true,
    hint: "It may go on billing. Look at https://console.runpod.io/pods, then cancel the job again.",
  });
}
