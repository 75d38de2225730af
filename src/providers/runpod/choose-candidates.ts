import { ProviderError } from "../../core/errors.js";
import type { RunpodSettings } from "../../core/provider-settings.js";
import type { Resources } from "../../core/resources.js";
import type { Candidate } from "./create-pod-request.js";
import { GPU_NAMES, runpodGpuIds } from "./gpu-types.js";
import type { Cpu, Gpu } from "./pod.js";
import type { RunpodClient } from "./runpod-client.js";

/** What a job without a wish for a GPU gets tried on at most. */
const MOST_CANDIDATES = 6;
const VCPUS = 8;
const LEAST_GPU_GB = 16;

/** The machines to ask for, in the order of the recipe, else by price. Throws where RunPod has none such. */
export async function chooseCandidates(
  client: RunpodClient,
  { cloud }: RunpodSettings,
  wanted: Resources,
): Promise<Candidate[]> {
  const problem = unfit(wanted);
  if (problem !== null) throw problem;
  if (wanted.gpusPerNode === 0) return chooseCpus(await client.cpus());
  const gpus = await client.gpus({ count: wanted.gpusPerNode, cloud });
  const side = cloud === "SECURE" ? "secure" : "community";
  const count = wanted.gpusPerNode;
  const candidates = chooseGpus(gpus, side, wanted).map((id) => {
    const price = gpus.find((gpu) => gpu.id === id)?.price[side];
    return { gpu: { id, count }, dollarsPerHour: price === undefined ? null : price * count };
  });
  if (candidates.length > 0) return candidates;
  throw new ProviderError(
    "runpod",
    `it has no machine with ${count} of the GPUs asked for in the ${side} cloud`,
    {
      code: "no_capacity",
      isRetryable: true,
      hint: "Ask for other GPUs (`resources.gpu`), fewer of them, or the other cloud (`providers.runpod.cloud`).",
    },
  );
}

/** What cannot be had from RunPod at all; null where nothing speaks against it. */
export function unfit({ nodes, gpuTypes }: Resources): ProviderError | null {
  const refuse = (message: string, hint: string) =>
    new ProviderError("runpod", message, { code: "bad_input", hint });
  if (nodes > 1) {
    return refuse(
      `${nodes} nodes: a pod is one machine`,
      "Set resources.nodes to 1 and resources.gpus to more.",
    );
  }
  const unknown = gpuTypes.filter((name) => runpodGpuIds(name) === null);
  if (unknown.length === 0) return null;
  return refuse(
    `${unknown.join(", ")}: no GPU that is known to be RunPod's`,
    `Use ${GPU_NAMES.join(", ")}, or RunPod's own id.`,
  );
}

function chooseGpus(gpus: readonly Gpu[], side: "secure" | "community", wanted: Resources): string[] {
  // A named type is asked for even where the catalog lists none: it is no reservation, nor a refusal.
  const named = wanted.gpuTypes.flatMap((name) => runpodGpuIds(name) ?? []);
  if (named.length > 0) return [...new Set(named)];
  return gpus
    .filter((gpu) => gpu.maxCount[side] >= wanted.gpusPerNode && gpu.memory >= LEAST_GPU_GB)
    .filter((gpu) => gpu.availability !== "NONE" && gpu.id.startsWith("NVIDIA"))
    .toSorted((a, b) => a.price[side] - b.price[side])
    .slice(0, MOST_CANDIDATES)
    .map(({ id }) => id);
}

function chooseCpus(cpus: readonly Cpu[]): Candidate[] {
  return cpus
    .filter(({ vcpu, availability }) => vcpu.min <= VCPUS && VCPUS <= vcpu.max && availability !== "NONE")
    .toSorted((a, b) => a.price.securePerVcpu - b.price.securePerVcpu)
    .slice(0, MOST_CANDIDATES)
    .map(({ id, price }) => ({ cpu: { id, vcpuCount: VCPUS }, dollarsPerHour: price.securePerVcpu * VCPUS }));
}
