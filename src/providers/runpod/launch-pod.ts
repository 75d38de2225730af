import { ProviderError } from "../../core/errors.js";
import type { Candidate, CreatePodRequest } from "./create-pod-request.js";
import { choosePod, type Pod } from "./pod.js";
import type { RunpodClient } from "./runpod-client.js";

/**
 * One create for each candidate until one is taken. RunPod says 400 both where a rule is broken and where there is no
 * room, so the next is tried after a look whether the pod is there after all; what else it refuses ends the launch.
 */
export async function launchPod(
  client: RunpodClient,
  candidates: readonly Candidate[],
  toRequest: (candidate: Candidate) => CreatePodRequest,
): Promise<Pod> {
  const refusals: ProviderError[] = [];
  for (const candidate of candidates) {
    const request = toRequest(candidate);
    const found = await findPod(client, request.name);
    if (found !== null) return found;
    try {
      return await client.createPod(request);
    } catch (error) {
      if (!isOfCandidate(error)) throw error;
      refusals.push(error);
    }
  }
  throw noRoom(candidates, refusals);
}

/** By the name that carries our label; RunPod's names need not be unique. */
export async function findPod(client: RunpodClient, label: string): Promise<Pod | null> {
  return choosePod((await client.listPods()).filter(({ name }) => name === label));
}

/** 403: this account may not use such machines. */
function isOfCandidate(error: unknown): error is ProviderError {
  return error instanceof ProviderError && (error.statusCode === 400 || error.statusCode === 403);
}

function noRoom(candidates: readonly Candidate[], refusals: readonly ProviderError[]): ProviderError {
  const words = refusals.map((refusal, index) => {
    const candidate = candidates[index];
    const id = candidate === undefined ? "" : "gpu" in candidate ? candidate.gpu.id : candidate.cpu.id;
    return `${id}: ${refusal.message.replace(/^runpod: POST \S+: /, "")}`;
  });
  const isForbidden = refusals.length > 0 && refusals.every(({ statusCode }) => statusCode === 403);
  return new ProviderError("runpod", `no machine was to be had (${words.join("; ")})`, {
    code: isForbidden ? "permission_denied" : "no_capacity",
    isRetryable: !isForbidden,
    hint: "Try again later, or ask for other GPUs. Where all have the same words, the request may break a rule.",
  });
}
