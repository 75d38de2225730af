import { hasCheckpointing } from "./estimate-memory.js";
import type { GpuType } from "./gpu-types.js";
import type { ModelShape } from "./model-shape.js";
import type { ResolvedJob } from "./resolve-job.js";
import type { WorkPlan } from "./work-plan.js";

/** What a few optimizer steps took: `mllm train --calibrate`. */
export interface Measured {
  /** Before the first optimizer step: imports, model, data. */
  startSeconds: number;
  secondsPerStep: number;
  /** Tokens and padding of one measured step. */
  positionsPerStep: number;
  secondsPerValidationToken: number;
  secondsPerSave: number;
}

/** The same speed for every position; what depends on no position is counted as often as it occurs. Without the start. */
export function measuredSeconds(measured: Measured, work: WorkPlan): number {
  const training = (measured.secondsPerStep * work.processedPositions) / measured.positionsPerStep;
  const evaluating = measured.secondsPerValidationToken * work.validationTokens * work.evaluations;
  return training + evaluating + measured.secondsPerSave * work.saves;
}

/** Imports, model and data, where nothing was measured. */
export const START_SECONDS = 15;

const MODEL_FLOPS_UTILISATION = 0.35;
/** Two ordinary cores with bf16 autocast on a very small model, measured. */
const CPU_FLOPS = 1e11;
const WRITTEN_BYTES_PER_SECOND = 5e8;

interface TimeRequest {
  job: ResolvedJob;
  shape: ModelShape;
  work: WorkPlan;
  /** Null on a CPU. */
  gpu: GpuType | null;
}

/** From the floating-point operations, and what a machine of this kind does of those in a second. Without the start. */
export function guessSeconds({ job, shape, work, gpu }: TimeRequest): number {
  const { parameters, tableParameters } = shape;
  const speed = gpu === null ? CPU_FLOPS : gpu.flops * MODEL_FLOPS_UTILISATION * Math.max(1, job.gpus);
  // Forward once, backward for the inputs and, of what is trained, for the weights; checkpointing goes forward twice.
  const passes = (job.method === "full" ? 3 : 2) + (hasCheckpointing(job) ? 1 : 0);
  const forward = 2 * (parameters - tableParameters);
  const trainedPositions = work.processedPositions - work.forwardPositions;
  const trained = (passes * trainedPositions + work.forwardPositions) * forward;
  const evaluated = forward * work.validationPositions * work.evaluations;
  const written = ((job.method === "full" ? 12 : 0.1) * parameters * work.saves) / WRITTEN_BYTES_PER_SECOND;
  return (trained + evaluated) / speed + written;
}
