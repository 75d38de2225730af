import type { LaunchPlan, Submission } from "../provider.js";
import { createContainerJob } from "../remote/container-job.js";
import { listUploads, ship } from "../remote/shipment.js";
import { chooseCandidates } from "./choose-candidates.js";
import { type Candidate, createPodRequest } from "./create-pod-request.js";
import { findPod, launchPod } from "./launch-pod.js";
import type { Pod } from "./pod.js";
import type { RunpodParts } from "./runpod-parts.js";

/** Brings the job's files to the Hub and makes its pod, unless RunPod has one under this label. */
export async function submitPod(parts: RunpodParts, submission: Submission): Promise<Pod> {
  const { client, settings } = parts;
  const found = await findPod(client, submission.label);
  if (found !== null) return found;
  const candidates = await chooseCandidates(client, settings, submission.resources);
  const { job, toRequest } = await prepare(parts, submission);
  await ship((await parts.tree()).storage, job.shipment);
  const pod = await launchPod(client, candidates, toRequest);
  parts.made.set(pod.id, parts.environment.now().getTime());
  return pod;
}

export async function describeLaunch(parts: RunpodParts, submission: Submission): Promise<LaunchPlan> {
  const { client, settings } = parts;
  const candidates = await chooseCandidates(client, settings, submission.resources);
  const { job, toRequest } = await prepare(parts, submission);
  return {
    requests: [
      { request: `GET ${client.base}/pods` },
      // One after the other, until one is taken.
      ...candidates.map((candidate) => ({
        request: `POST ${client.base}/pods`,
        body: toRequest(candidate),
      })),
    ],
    uploads: listUploads(job.shipment),
  };
}

/** A machine as people read it. */
export function nameOfCandidate(candidate: Candidate): string {
  return "gpu" in candidate
    ? `${candidate.gpu.count} × ${candidate.gpu.id}`
    : `${candidate.cpu.vcpuCount} vCPUs of ${candidate.cpu.id}`;
}

async function prepare({ environment, settings, tree }: RunpodParts, submission: Submission) {
  const { repository } = await tree();
  const job = await createContainerJob(environment, { submission, repository, release: "runpod" });
  return { job, toRequest: createPodRequest(submission, settings, job) };
}
