import type { DatasetManifest } from "../core/dataset-manifest.js";
import type { TokenCounts } from "./count-tokens.js";
import { estimateMemory } from "./estimate-memory.js";
import { guessSeconds, type Measured, measuredSeconds } from "./estimate-time.js";
import { findGpuType, type GpuType } from "./gpu-types.js";
import { guessShape, type ModelShape } from "./model-shape.js";
import type { ResolvedJob } from "./resolve-job.js";
import { guessWork, type WorkPlan } from "./work-plan.js";

/** What a job is expected to take: counts, and estimates that say in `basis` what they rest on. */
export interface Estimate {
  rows: number;
  validationRows: number;
  /** Of one epoch. */
  tokens: number;
  trainedTokens: number;
  optimizerSteps: number;
  /** Of the whole training: without padding, and with it. */
  processedTokens: number;
  processedPositions: number;
  /** Whether steps and tokens are those that the trainer will do, counted by its own code. */
  isExact: boolean;
  parameters: number | null;
  peakMemoryBytes: number | null;
  seconds: number | null;
  basis: string;
}

/** A calibration of this very job, or of one that differs in length only, on the machine that would train it. */
export interface Calibration extends Measured {
  peakMemoryBytes: number;
  /** Words: when and where. */
  source: string;
}

export interface EstimateRequest {
  job: ResolvedJob;
  manifest: DatasetManifest;
  /** Of one epoch. */
  counts: TokenCounts;
  /** The GPU type. */
  gpu: string | undefined;
  /** From the model's config.json, where that lies here. */
  shape?: ModelShape | null;
  /** From the trainer's own code, where that is installed. */
  work?: WorkPlan | null;
  calibration?: Calibration | null;
  /** Whether this processor has bfloat16 instructions. */
  hasBf16?: boolean;
}

const COUNTED = "steps and tokens counted by the trainer's own code";
const COUNTS = {
  counted: "tokens counted with the model's tokenizer, steps estimated",
  sampled: "tokens extrapolated from the first rows with the model's tokenizer, steps estimated",
  guessed: "tokens guessed from characters, because the tokenizer is not on this machine; steps estimated",
};

/** Optimizer steps, memory and time of one job. */
export function estimateJob(request: EstimateRequest): Estimate {
  const { job, calibration = null } = request;
  const work = request.work ?? guessWork(request);
  const shape = request.shape ?? guessShape(job.baseModel);
  const found = shape === null ? null : estimateOn(request, { work, shape, gpu: gpuOf(request) });
  const { rows, validationRows, tokens, trainedTokens, optimizerSteps } = work;
  const { processedTokens, processedPositions } = work;
  const counts = request.work ? COUNTED : COUNTS[request.counts.basis];
  return {
    ...{ rows, validationRows, tokens, trainedTokens, optimizerSteps, processedTokens, processedPositions },
    isExact: Boolean(request.work),
    parameters: shape === null ? null : Math.round(shape.parameters),
    peakMemoryBytes: calibration?.peakMemoryBytes ?? found?.memoryBytes ?? null,
    seconds: calibration ? Math.round(measuredSeconds(calibration, work)) : (found?.seconds ?? null),
    basis: `${counts}; ${calibration?.source ?? `memory and time from ${shapeWords(request)}`}`,
  };
}

function shapeWords({ shape, job }: EstimateRequest): string {
  if (shape) return "the model's configuration: memory ±15 %, time ±40 %";
  return guessShape(job.baseModel) === null
    ? "nothing: the model's size is not known here"
    : "the number of parameters in the model's name, ±40 %";
}

function gpuOf({ job, gpu }: EstimateRequest): GpuType | null {
  return job.gpus === 0 ? null : (findGpuType(gpu ?? "a100-80gb") ?? findGpuType("a100-80gb"));
}

/** What one machine needs for it. */
export interface MachineEstimate {
  /** Of the process on a CPU, of each device on GPUs. */
  memoryBytes: number;
  seconds: number;
}

function estimateOn(
  { job, hasBf16 = true }: EstimateRequest,
  { work, shape, gpu }: { work: WorkPlan; shape: ModelShape; gpu: GpuType | null },
): MachineEstimate {
  const wantsBf16 = job.training.bf16 ?? job.training.fp16 !== true;
  const memoryBytes = estimateMemory({ job, shape, work, hasBf16: wantsBf16 && (gpu !== null || hasBf16) });
  return { memoryBytes, seconds: Math.round(guessSeconds({ job, shape, work, gpu })) };
}

/** The same job on GPUs of another type; null where the model's size is not known. */
export function estimateOnGpu(request: EstimateRequest, gpu: GpuType): MachineEstimate | null {
  const shape = request.shape ?? guessShape(request.job.baseModel);
  if (shape === null) return null;
  const job = { ...request.job, gpus: Math.max(1, request.job.gpus) };
  return estimateOn({ ...request, job }, { work: request.work ?? guessWork(request), shape, gpu });
}
