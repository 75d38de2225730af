import type { ModelShape } from "./model-shape.js";
import type { ResolvedJob } from "./resolve-job.js";
import type { WorkPlan } from "./work-plan.js";

export interface MemoryRequest {
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
  const accumulated = (job.training.gradient_accumulation_steps ?? 1) > 1 ? gradients : 0;
  const allocator = isGpu ? ALLOCATOR.gpu : ALLOCATOR.cpu;
  // Activations are gone when the last gradients come; before, those of earlier micro-batches are there.
  const forward = held + casts + accumulated + allocator * activations;
  const checkpointed = job.training.gradient_checkpointing ? allocator * activations : 0;
  const backward = held + gradients + checkpointed;
  const evaluated = held + casts + allocator * evaluationBytes(request, shape);
  return Math.round((isGpu ? CUDA_BYTES : PROCESS_BYTES) + Math.max(forward, backward, evaluated));
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
    return { held, gradients: (4 * parameters) / shards(job), casts: casts / shards(job) };
  }
  const trained = adapterParameters(job, shape);
  // Below an adapter on a GPU weights are bfloat16; elsewhere float32, cast for each step.
  const isLight = job.gpus > 0 && hasBf16;
  const adapter = trained * (4 + optimizerBytesOf(job.training.optim, "table"));
  const held = (isLight ? 2 : 4) * parameters + adapter;
  return { held, gradients: 4 * trained, casts: hasBf16 && !isLight ? 2 * parameters : 0 };
}

/** Full fine-tuning on several GPUs is sharded over them. */
function shards(job: ResolvedJob): number {
  return job.method === "full" ? Math.max(1, job.gpus) : 1;
}

export function adapterParameters({ lora }: ResolvedJob, shape: ModelShape): number {
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
  const { parameters, tableParameters, vocabulary, hidden } = shape;
  const tables = Math.max(tableParameters * 2, vocabulary * hidden);
  const { optim } = job.training;
  return (
    tables * optimizerBytesOf(optim, "table") + (parameters - tables) * optimizerBytesOf(optim, "matrix")
  );
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
function activationBytes(request: MemoryRequest, { positions, width }: WorkPlan["largest"]): number {
  const { job, shape, hasBf16 } = request;
  const { layers, hidden } = shape;
  const layer = positions * layerBytes(request, width);
  if (!job.training.gradient_checkpointing) return layers * layer;
  const isLight = job.method !== "full" && job.gpus > 0 && hasBf16;
  return layers * positions * hidden * (isLight ? 2 : 4) + layer;
}

/** A position's, in one layer. */
function layerBytes({ job, shape, hasBf16 }: MemoryRequest, width: number): number {
  const { hidden, queries, keys, heads, intermediate, hasQueryNorm } = shape;
  const half = hasBf16 ? 1 : 2;
  const isAdapter = job.method !== "full";
  const hasDropout = isAdapter && (job.lora?.lora_dropout ?? 0) > 0;
  const perHidden = isAdapter ? (hasDropout ? 32 + 14 * half : 24 - 2 * half) : 28;
  const perIntermediate = 8 * half + (hasDropout ? 4 : 0);
  // Where rows share a line a mask keeps them apart: every layer keeps its own copy, and repeated keys.
  const isMasked = job.packing !== "none";
  const attention = isMasked ? 6 * half * queries + 2 * half * width : 4 * half * keys + 2 * half * queries;
  const norm = hasQueryNorm ? (4 + 2 * half) * (queries + keys) : 0;
  const adapter = isAdapter ? 14 * half * (job.lora?.r ?? 16) : 0;
  return perHidden * hidden + attention + perIntermediate * intermediate + norm + adapter + 4 * heads;
}

/** TRL's own loss takes so many positions at a time. */
const CHUNK = 256;
/** Logits, the same in float32, and their gradients. */
const LOGIT_BYTES = 14;

function headBytes({ job, shape }: MemoryRequest, batch: WorkPlan["largest"]): number {
  const { loss_type } = job.training;
  const isDirect = loss_type === undefined && job.gpus === 0 && shape.vocabulary <= 16_384;
  const chunk = isDirect ? batch.trained : Math.min(CHUNK, batch.trained);
  return (loss_type === "nll" ? batch.positions : chunk) * shape.vocabulary * LOGIT_BYTES;
}

/** Nothing is kept for a backward pass. */
function evaluationBytes(request: MemoryRequest, { hidden, intermediate }: ModelShape): number {
  const { evaluated } = request.work;
  return evaluated.positions * (16 * hidden + 12 * intermediate) + headBytes(request, evaluated);
}
