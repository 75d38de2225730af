import type { DatasetManifest } from "../core/dataset-manifest.js";
import type { TokenCounts } from "./count-tokens.js";
import { guessParameters } from "./guess-parameters.js";
import type { ResolvedJob } from "./resolve-job.js";

/** What a job is expected to take: counts, and estimates that say in `basis` what they rest on. */
export interface Estimate {
  rows: number;
  validationRows: number;
  tokens: number;
  trainedTokens: number;
  optimizerSteps: number;
  parameters: number | null;
  peakMemoryBytes: number | null;
  seconds: number | null;
  basis: string;
}

/** Dense bf16 peak, floating-point operations a second (vendors' data sheets). */
const GPU_FLOPS: Record<string, number> = {
  "a10g-24gb": 125e12,
  "a100-40gb": 312e12,
  "a100-80gb": 312e12,
  "h100-80gb": 989e12,
  "h200-141gb": 989e12,
  "l40s-48gb": 362e12,
  "rtx4090-24gb": 165e12,
};
const MODEL_FLOPS_UTILISATION = 0.35;
/** Two ordinary cores with bf16 autocast on a very small model, measured. */
const CPU_FLOPS = 1e11;
const START_SECONDS = 15;

const BASIS = {
  counted: "tokens counted with the model's tokenizer",
  sampled: "tokens extrapolated from the first rows with the model's tokenizer",
  guessed: "tokens guessed from characters, because the tokenizer is not on this machine",
};

export interface EstimateRequest {
  job: ResolvedJob;
  manifest: DatasetManifest;
  /** Of one epoch. */
  counts: TokenCounts;
  /** The GPU type. */
  gpu: string | undefined;
}

/** Optimizer steps, memory and time of one job. */
export function estimateJob({ job, manifest, counts, gpu }: EstimateRequest): Estimate {
  const { train, validation } = manifest.subsets[job.subset];
  const epochs = job.training.num_train_epochs ?? 1;
  const { tokens, trainedTokens } = counts;
  const deviceRows = job.training.per_device_train_batch_size ?? 1;
  const stepSequences = deviceRows * (job.training.gradient_accumulation_steps ?? 1) * Math.max(1, job.gpus);
  // Packed, rows share sequences that are filled almost to the limit.
  const isPacked = job.packing === "bfd";
  const sequences = isPacked ? Math.ceil(tokens / job.overflow.maxTokens) : train.rows;
  const fromRows = Math.ceil(sequences / stepSequences) * epochs;
  const optimizerSteps =
    job.training.max_steps !== undefined && job.training.max_steps > 0
      ? job.training.max_steps
      : Math.ceil(fromRows);
  const sequenceTokens = tokens / Math.max(1, sequences);
  const processedTokens = Math.round(sequenceTokens * optimizerSteps * stepSequences);
  const parameters = guessParameters(job.baseModel);
  const deviceTokens = deviceRows * (isPacked ? job.overflow.maxTokens : sequenceTokens);
  return {
    rows: train.rows,
    validationRows: validation?.rows ?? 0,
    tokens,
    trainedTokens,
    optimizerSteps,
    parameters,
    peakMemoryBytes: parameters === null ? null : Math.round(peakMemory(job, parameters, deviceTokens)),
    seconds: parameters === null ? null : Math.round(duration(job, parameters, processedTokens, gpu)),
    basis: `${BASIS[counts.basis]}; memory and time from the number of parameters, ±40 %`,
  };
}

function peakMemory(job: ResolvedJob, parameters: number, deviceTokens: number): number {
  const shards = Math.max(1, job.gpus);
  // Full: weights, gradients and two moments in fp32, sharded. LoRA: bf16 weights and about 1 % trained.
  const state = job.method === "full" ? (16 * parameters) / shards : 2 * parameters + 0.16 * parameters;
  // Layers and width of a typical decoder follow from its size (N = 12·L·d², d = 128·L).
  const layers = Math.cbrt(parameters / 196_608);
  const width = 128 * layers;
  const perLayer = 34 * width * deviceTokens;
  const activations = job.training.gradient_checkpointing
    ? perLayer + 2 * width * deviceTokens * layers
    : perLayer * layers;
  return state + activations;
}

function duration(job: ResolvedJob, parameters: number, tokens: number, gpu: string | undefined): number {
  const perParameter = (job.method === "lora" ? 4 : 6) + (job.training.gradient_checkpointing ? 2 : 0);
  const speed =
    job.gpus > 0 ? (GPU_FLOPS[gpu ?? ""] ?? 312e12) * MODEL_FLOPS_UTILISATION * job.gpus : CPU_FLOPS;
  return START_SECONDS + (perParameter * parameters * tokens) / speed;
}
