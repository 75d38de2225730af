import type { Provider } from "../../providers/provider.js";
import type { EstimateRequest } from "../../recipe/estimate.js";
import { estimateParts, type Parts } from "../../recipe/estimate-parts.js";
import { findGpuType, GPU_TYPES, type GpuType } from "../../recipe/gpu-types.js";
import type { StartedJob } from "./check-start.js";

/** What a job would take and cost on GPUs of one type. */
export interface MachineReport {
  /** As the recipe or our list names it. */
  gpu: string;
  gpus: number;
  /** Of each GPU. */
  memoryBytes: number | null;
  capacityBytes: number | null;
  fits: boolean | null;
  seconds: number | null;
  dollarsPerHour: number | null;
  dollars: number | null;
}

/** The recipe's GPU types first, then, cheapest first, all others that the provider has a price of. Empty on a CPU. */
export async function priceMachines(
  { provider, isListing }: { provider: Provider; isListing: boolean },
  job: StartedJob,
  parts: Parts,
): Promise<MachineReport[]> {
  const { submission } = job;
  if (submission === null || job.job.gpus === 0) return [];
  const { gpuTypes } = submission.resources;
  const asked = gpuTypes.map(async (name, index) => {
    const quoted = index === 0 ? job.quote.dollarsPerHour : await price(provider, job, name);
    return report(parts, { name, type: findGpuType(name), dollarsPerHour: quoted });
  });
  const known = new Set(gpuTypes.map((name) => findGpuType(name)?.name));
  const others = GPU_TYPES.filter(({ name }) => isListing && !known.has(name)).map(async (type) => {
    const dollarsPerHour = await price(provider, job, type.name);
    return dollarsPerHour === null ? [] : [report(parts, { name: type.name, type, dollarsPerHour })];
  });
  const priced = (await Promise.all(others)).flat();
  priced.sort((a, b) => (a.dollars ?? Infinity) - (b.dollars ?? Infinity));
  return [...(await Promise.all(asked)), ...priced];
}

/** An hour's, of all GPUs; null where the provider has none such. */
async function price(provider: Provider, { submission }: StartedJob, name: string): Promise<number | null> {
  if (submission === null) return null;
  // Some call it h200, where there is one size only.
  const short = name.replace(/-\d+gb$/, "");
  const names = findGpuType(short)?.name === name ? [name, short] : [name];
  for (const gpu of names) {
    const resources = { ...submission.resources, gpuTypes: [gpu] };
    const quote = await provider.quote({ ...submission, resources }, { mayUpload: false }).catch(() => null);
    if (quote?.dollarsPerHour != null) return quote.dollarsPerHour;
  }
  return null;
}

function report(
  parts: Parts,
  { name, type, dollarsPerHour }: { name: string; type: GpuType | null; dollarsPerHour: number | null },
): MachineReport {
  const [{ job }] = parts;
  const { peakMemoryBytes: memoryBytes, seconds } = estimateParts(
    parts.map((part) => onGpu(part, name)) as [EstimateRequest, ...EstimateRequest[]],
  );
  const capacityBytes = type?.memoryBytes ?? null;
  return {
    ...{ gpu: name, gpus: job.gpus, memoryBytes, capacityBytes, seconds, dollarsPerHour },
    fits: memoryBytes === null || capacityBytes === null ? null : memoryBytes <= capacityBytes,
    dollars: dollarsPerHour === null || seconds === null ? null : (dollarsPerHour * seconds) / 3600,
  };
}

/** What was measured holds for the type it was measured on. */
function onGpu(part: EstimateRequest, gpu: string): EstimateRequest {
  return gpu === part.gpu ? part : { ...part, gpu, calibration: null };
}
