import type { ProviderSettings } from "../core/provider-settings.js";
import type { Provider } from "../providers/provider.js";
import { type EstimateRequest, estimateJob, estimateOnGpu } from "../recipe/estimate.js";
import { findGpuType, GPU_TYPES, type GpuType } from "../recipe/gpu-types.js";
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

/** Whether a provider's price list can be asked for any GPU at once. A recipe that names a flavor gets no other. */
export function hasPriceList({ name }: Provider, { "hf-jobs": jobs }: ProviderSettings): boolean {
  return name === "runpod" || (name === "hf-jobs" && jobs.flavor === undefined);
}

/** The recipe's GPU types first, then, cheapest first, all others that the provider has a price of. Empty on a CPU. */
export async function priceMachines(
  { provider, isListing }: { provider: Provider; isListing: boolean },
  job: StartedJob,
  request: EstimateRequest | null,
): Promise<MachineReport[]> {
  const { submission } = job;
  if (request === null || submission === null || job.job.gpus === 0) return [];
  const { gpuTypes } = submission.resources;
  const asked = gpuTypes.map(async (name, index) => {
    const quoted = index === 0 ? job.quote.dollarsPerHour : await price(provider, job, name);
    return report(request, { name, type: findGpuType(name), dollarsPerHour: quoted });
  });
  const known = new Set(gpuTypes.map((name) => findGpuType(name)?.name));
  const others = GPU_TYPES.filter(({ name }) => isListing && !known.has(name)).map(async (type) => {
    const dollarsPerHour = await price(provider, job, type.name);
    return dollarsPerHour === null ? [] : [report(request, { name: type.name, type, dollarsPerHour })];
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
  request: EstimateRequest,
  { name, type, dollarsPerHour }: { name: string; type: GpuType | null; dollarsPerHour: number | null },
): MachineReport {
  const found = type === null ? null : estimateOnGpu(request, type);
  const isAsked = name === request.gpu;
  const memoryBytes = isAsked ? estimateJob(request).peakMemoryBytes : (found?.memoryBytes ?? null);
  const seconds = isAsked ? estimateJob(request).seconds : (found?.seconds ?? null);
  const capacityBytes = type?.memoryBytes ?? null;
  return {
    ...{ gpu: name, gpus: request.job.gpus, memoryBytes, capacityBytes, seconds, dollarsPerHour },
    fits: memoryBytes === null || capacityBytes === null ? null : memoryBytes <= capacityBytes,
    dollars: dollarsPerHour === null || seconds === null ? null : (dollarsPerHour * seconds) / 3600,
  };
}

/** What the parts of one job take together, one after the other on the same machine. */
export function addMachines(parts: readonly MachineReport[][]): MachineReport[] {
  const [first = [], ...others] = parts;
  return first.map((machine) => {
    const all = [machine, ...others.flatMap((other) => other.find(({ gpu }) => gpu === machine.gpu) ?? [])];
    const memoryBytes = all.map((each) => each.memoryBytes);
    return {
      ...machine,
      memoryBytes: memoryBytes.includes(null) ? null : Math.max(...(memoryBytes as number[])),
      fits: all.some(({ fits }) => fits === false) ? false : machine.fits,
      seconds: add(all.map((each) => each.seconds)),
      dollars: add(all.map((each) => each.dollars)),
    };
  });
}

function add(values: readonly (number | null)[]): number | null {
  return values.reduce((sum, value) => (sum === null || value === null ? null : sum + value), 0);
}
