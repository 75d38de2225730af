import type { ModelShape } from "./model-shape.js";
import type { ResolvedJob } from "./resolve-job.js";
import type { WorkPlan } from "./work-plan.js";

interface MemoryRequest {
  job: ResolvedJob;
  shape: ModelShape;
  work: WorkPlan;
  /** Whether the machine computes in bfloat16: all GPUs of the table do, processors only with the instructions. */
  hasBf16: boolean;
}

/** Python with torch, transformers, TRL and what they set up at the first step, measured. */
const PROCESS_BYTES = 640e6;
/** What a CUDA process takes before the first tensor, cuBLAS and cuDNN workspaces with it. */
const CUDA_BYTES = 0.9e9;
/** Memory that an allocator holds for a byte of activations: what is freed comes in pieces. glibc's measured; CUDA's reuses more. */
const ALLOCATOR = { cpu: 1.55, gpu: 1.1 };

/** Bytes at the peak: of the process on a CPU, of each device on GPUs. */
export function estimateMemory(request: MemoryRequest): number {
  const { job, shape, work } = request;
  const isGpu = job.gpus > 0;
  const { held, gradients, casts } = stateBytes(request);
  const activations = activationBytes(request, work.largest) + headBytes(request, work.largest);
  const accumulated = hasManyBatches(request) ? gradients : 0;
  const allocator = isGpu ? ALLOCATOR.gpu : ALLOCATOR.cpu;
  // Activations are gone when the last gradients come; before, those of earlier micro-batches are there.
  const forward = held + casts + accumulated + allocator * activations;
  const checkpointed = hasCheckpointing(job) ? allocator * activations : 0;
  const backward = held + gradients + checkpointed;
  const evaluated = held + casts + allocator * evaluationBytes(request, shape);
  return Math.round((isGpu ? CUDA_BYTES : PROCESS_BYTES) + Math.max(forward, backward, evaluated));
}

/** Whether gradients of one micro-batch wait for the next one's. */
function hasManyBatches({ job, work }: MemoryRequest): boolean {
  const perStep = work.processedPositions / Math.max(1, work.optimizerSteps * Math.max(1, job.gpus));
  return (job.training.gradient_accumulation_steps ?? 1) > 1 || perStep > work.largest.positions;
}

/** Where a job does not say, the trainer does it on GPUs. */
export function hasCheckpointing({ training, gpus }: ResolvedJob): boolean {
  return training.gradient_checkpointing ?? gpus > 0;
}

interface State {
  /** Weights and what the optimizer keeps. */
  held: number;
  gradients: number;
  /** Copies of weights in bfloat16 that autocast makes for a step. */
  casts: number;
}

function stateBytes({ job, shape, hasBf16 }: MemoryRequest): State {
  const { parameters } = shape;
  if (job.method === "full") {
    const held = (4 * parameters + optimizerBytes(job, shape)) / shards(job);
    const casts = hasBf16 ? 2 * (parameters - shape.tableParameters) : 0;
    // DDP's buckets lie beside the gradients.
    const gradientBytes = job.sharding === "ddp" ? 8 : 4;
    return { held, gradients: (gradientBytes * parameters) / shards(job), casts: casts / shards(job) };
  }
  const trained = adapterParameters(job, shape);
  // Below an adapter on a GPU weights are bfloat16 or of 4 bits; elsewhere float32, cast for each step.
  const isLight = job.gpus > 0 && hasBf16;
  const adapter = trained * (4 + optimizerBytesOf(job.training.optim, "table"));
  const held = weightBytes(job, shape, isLight) + adapter;
  return { held, gradients: 4 * trained, casts: hasBf16 && !isLight ? 2 * parameters : 0 };
}

/** With its scales, quantised again, a parameter of 4 bits takes a little more than half a byte. */
const QUANTIZED_BYTES = 0.53;

function weightBytes({ quantization }: ResolvedJob, shape: ModelShape, isLight: boolean): number {
  const { parameters } = shape;
  const bytes = isLight ? 2 : 4;
  if (quantization === null) return bytes * parameters;
  // Embeddings and head stay as they are.
  const tables = allTableParameters(shape);
  return QUANTIZED_BYTES * (parameters - tables) + bytes * tables;
}

/** In how many parts the processes share what they hold. */
function shards({ sharding, gpus }: ResolvedJob): number {
  return sharding === null || sharding === "ddp" ? 1 : Math.max(1, gpus);
}

function adapterParameters({ lora }: ResolvedJob, shape: ModelShape): number {
  const { layers, hidden, queries, keys, intermediate } = shape;
  const sizes: Record<string, number> = {
    q_proj: hidden + queries,
    k_proj: hidden + keys,
    v_proj: hidden + keys,
    o_proj: queries + hidden,
    gate_proj: hidden + intermediate,
    up_proj: hidden + intermediate,
    down_proj: intermediate + hidden,
  };
  const targets = lora?.target_modules ?? "all-linear";
  const isTarget = (name: string) =>
    targets === "all-linear" ||
    (typeof targets === "string" ? new RegExp(targets).test(name) : targets.includes(name));
  const width = Object.entries(sizes).reduce((sum, [name, size]) => sum + (isTarget(name) ? size : 0), 0);
  return layers * (lora?.r ?? 16) * width;
}

function optimizerBytes(job: ResolvedJob, shape: ModelShape): number {
  const tables = allTableParameters(shape);
  const matrices = shape.parameters - tables;
  const { optim } = job.training;
  return tables * optimizerBytesOf(optim, "table") + matrices * optimizerBytesOf(optim, "matrix");
}

/** Of embeddings and head: one table where they are tied. */
function allTableParameters({ tableParameters, vocabulary, hidden }: ModelShape): number {
  return Math.max(2 * tableParameters, vocabulary * hidden);
}

/** State a parameter. */
function optimizerBytesOf(optim: string | undefined, kind: "table" | "matrix"): number {
  switch (optim) {
    case "muon":
      return kind === "matrix" ? 4 : 8;
    case "sgd":
    case "paged_adamw_32bit":
    case "paged_adamw_8bit":
    case "paged_lion_32bit":
    case "paged_lion_8bit":
      // The paged ones' state may leave the device.
      return 0;
    case "adafactor":
      return 0.05;
    case "adagrad":
    case "rmsprop":
    case "lion_32bit":
      return 4;
    case "adamw_8bit":
    case "adamw_bnb_8bit":
      return 2;
    case "ademamix_8bit":
      return 3;
    case "lion_8bit":
      return 1;
    default:
      return 8;
  }
}

/** What the layers keep for the backward pass: counted on saved tensors of Llama and Qwen3 layers (docs/estimates.md). */
function activationBytes(request: MemoryRequest, { positions, places }: WorkPlan["largest"]): number {
  const { job, shape, hasBf16 } = request;
  const { layers, hidden, keys } = shape;
  // Keys and values of a branch are copies of those on the way to it.
  const layer = positions * layerBytes(request) + places * 2 * keys * (hasBf16 ? 2 : 4);
  if (!hasCheckpointing(job)) return layers * layer;
  const isLight = job.method !== "full" && job.gpus > 0 && hasBf16;
  return layers * positions * hidden * (isLight ? 2 : 4) + layer;
}

/** A position's, in one layer. */
function layerBytes({ job, shape, hasBf16 }: MemoryRequest): number {
  const { hidden, queries, keys, heads, intermediate, hasQueryNorm } = shape;
  const half = hasBf16 ? 1 : 2;
  const isAdapter = job.method !== "full";
  const hasDropout = isAdapter && (job.lora?.lora_dropout ?? 0) > 0;
  const perHidden = isAdapter ? (hasDropout ? 32 + 14 * half : 24 - 2 * half) : 28;
  const perIntermediate = 8 * half + (hasDropout ? 4 : 0);
  const attention = 4 * half * keys + 2 * half * queries;
  const norm = hasQueryNorm ? (4 + 2 * half) * (queries + keys) : 0;
  const adapter = isAdapter ? 14 * half * (job.lora?.r ?? 16) : 0;
  return perHidden * hidden + attention + perIntermediate * intermediate + norm + adapter + 4 * heads;
}

/** Logits that are there at once, as in trainer/mllm_trainer/loss.py. */
const LOGITS_AT_ONCE = 2 ** 25;
/** Logits, the same in float32, and their gradients. */
const LOGIT_BYTES = 14;
const TRL_CHUNK = 256;

function headBytes({ job, shape }: MemoryRequest, batch: WorkPlan["largest"]): number {
  const { vocabulary } = shape;
  const { loss_type } = job.training;
  if (loss_type === "nll") return batch.positions * vocabulary * LOGIT_BYTES;
  const chunk = loss_type === undefined ? Math.max(256, LOGITS_AT_ONCE / vocabulary) : TRL_CHUNK;
  return Math.min(chunk, batch.trained) * vocabulary * LOGIT_BYTES;
}

/** Nothing is kept for a backward pass. */
function evaluationBytes(request: MemoryRequest, { hidden, intermediate }: ModelShape): number {
  const { evaluated } = request.work;
  return evaluated.positions * (16 * hidden + 12 * intermediate) + headBytes(request, evaluated);
}
