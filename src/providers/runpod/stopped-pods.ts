import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { systemErrorCode } from "../../core/errors.js";
import type { StreamEvent } from "../http/read-event-stream.js";
import type { JobHandle } from "../provider.js";
import type { Pod } from "./pod.js";

const StoppedPod = z.object({
  version: z.literal(1),
  /** Whether it was at work as far as we know its words: then it was we who ended the job. */
  wasAtWork: z.boolean(),
  /** What its container had said, as RunPod gave it. */
  log: z.array(z.object({ id: z.string(), data: z.string() })),
});
type StoppedPod = z.infer<typeof StoppedPod>;

/**
 * RunPod forgets a pod when it is taken away: that we did it, and its log until then, is kept in the job's folder here.
 * Written before the pod is taken away.
 */
export async function writeStoppedPod(job: JobHandle, pod: Pod, log: readonly StreamEvent[]): Promise<void> {
  const wasAtWork = ["PROVISIONING", "STARTING", "RUNNING"].includes(pod.status);
  const content: StoppedPod = { version: 1, wasAtWork, log: [...log] };
  await mkdir(job.outputDir, { recursive: true });
  await writeFile(fileOf(job, pod.id), JSON.stringify(content));
}

/** Null for a pod that we did not take away. */
export async function readStoppedPod(job: JobHandle, podId: string | null): Promise<StoppedPod | null> {
  if (podId === null) return null;
  try {
    return StoppedPod.parse(JSON.parse(await readFile(fileOf(job, podId), "utf8")));
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT" || error instanceof SyntaxError) return null;
    throw error;
  }
}

function fileOf({ outputDir }: JobHandle, podId: string): string {
  return join(outputDir, `runpod-${podId.replace(/[^\w-]/g, "_")}.json`);
}
