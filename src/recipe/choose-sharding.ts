import type { JobSpec } from "../core/job-spec.js";
import type { RecipeResources, Sharding } from "../core/resources.js";
import { findGpuType } from "./gpu-types.js";
import { guessParameters } from "./guess-parameters.js";

/** What is left of a GPU for activations where weights and optimizer take the rest. */
const ACTIVATIONS_SHARE = 0.25;

/** Where the type of the GPU is not known, for what is trained in full. */
const SMALL_GPU_BYTES = 16 * 1024 ** 3;

type Trained = Pick<JobSpec, "baseModel" | "method" | "quantization" | "training">;

/** How the processes of a job share its weights; null where one process trains. */
export function chooseSharding(job: Trained, resources: RecipeResources): Sharding | null {
  const { gpus, nodes, sharding } = resources;
  if (nodes * Math.max(1, gpus) === 1) return null;
  if (sharding !== "auto") return sharding;
  // Muon needs its matrices whole, bitsandbytes' weights cannot be cut, and processors have the memory.
  if (gpus === 0 || job.training.optim === "muon" || job.quantization !== null) return "ddp";
  const parameters = guessParameters(job.baseModel);
  if (parameters === null) return job.method === "full" ? "fsdp" : "ddp";
  const memory = gpuMemory(resources) ?? (job.method === "full" ? SMALL_GPU_BYTES : Number.POSITIVE_INFINITY);
  return parameters * bytesPerParameter(job) <= memory * (1 - ACTIVATIONS_SHARE) ? "ddp" : "fsdp";
}

/** Of the smallest of the types; null where none is named, or one of them does not tell. */
function gpuMemory({ gpu }: RecipeResources): number | null {
  const sizes = [gpu ?? []].flat().map(memoryOf);
  return sizes.length > 0 && sizes.every((size) => size !== null) ? Math.min(...sizes) : null;
}

/** A type that is not known may say its memory in its name: `v100-32gb`. */
function memoryOf(type: string): number | null {
  const gigabytes = /(\d+)gb$/.exec(type)?.[1];
  return findGpuType(type)?.memoryBytes ?? (gigabytes === undefined ? null : Number(gigabytes) * 1024 ** 3);
}

/** With ddp: weights and gradients in float32, DDP's buckets beside them, and what the optimizer keeps. */
function bytesPerParameter({ method, training }: Trained): number {
  // Weights in bfloat16, and about 1 % trained.
  if (method !== "full") return 2.2;
  const { optim = "adamw_torch" } = training;
  if (optim === "sgd") return 12;
  return optim.includes("8bit") ? 14 : 20;
}
