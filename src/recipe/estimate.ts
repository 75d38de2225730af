import type { DatasetManifest } from "../core/dataset-manifest.js";
import type { TokenCounts } from "./count-tokens.js";
import { estimateMemory } from "./estimate-memory.js";
import { guessSeconds, type Measured, measuredSeconds, START_SECONDS } from "./estimate-time.js";
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
  /** Whether the process has trained something else before. */
  hasStarted?: boolean;
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
  const { rows, validationRows, tokens, trainedTokens, optimizerSteps } = work;
  const { processedTokens, processedPositions } = work;
  const counts = request.work ? COUNTED : COUNTS[request.counts.basis];
  return {
    ...{ rows, validationRows, tokens, trainedTokens, optimizerSteps, processedTokens, processedPositions },
    isExact: Boolean(request.work),
    parameters: shape === null ? null : Math.round(shape.parameters),
    peakMemoryBytes: calibration?.peakMemoryBytes ?? guessMemory(request, work, shape),
    seconds: estimateSeconds(request, work, shape),
    basis: `${counts}; ${calibration?.source ?? describeGuess(request)}`,
  };
}

function guessMemory(
  { job, hasBf16 = true }: EstimateRequest,
  work: WorkPlan,
  shape: ModelShape | null,
): number | null {
  if (shape === null) return null;
  const wantsBf16 = job.training.bf16 ?? job.training.fp16 !== true;
  return estimateMemory({ job, shape, work, hasBf16: wantsBf16 && (job.gpus > 0 || hasBf16) });
}

/** Null where the model's size or the GPU is not known. */
function estimateSeconds(request: EstimateRequest, work: WorkPlan, shape: ModelShape | null): number | null {
  const { job, calibration = null, hasStarted = false } = request;
  const start = hasStarted ? 0 : (calibration?.startSeconds ?? START_SECONDS);
  if (calibration) return Math.round(start + measuredSeconds(calibration, work));
  const gpu = gpuOf(request);
  if (shape === null || (gpu === null && job.gpus > 0)) return null;
  return Math.round(start + guessSeconds({ job, shape, work, gpu }));
}

/** Where the recipe names none. */
const ASSUMED_GPU = "a100-80gb";

/** Null on a CPU, and where nothing is known of the GPU. */
function gpuOf({ job, gpu }: EstimateRequest): GpuType | null {
  return job.gpus === 0 ? null : findGpuType(gpu ?? ASSUMED_GPU);
}

function describeGuess(request: EstimateRequest): string {
  const { shape, job, gpu } = request;
  if (!shape && guessShape(job.baseModel) === null) {
    return "memory and time from nothing: the model's size is not known here";
  }
  const source = shape ? "the model's configuration" : "the number of parameters in the model's name";
  const memory = shape ? "±15 %" : "±40 %";
  if (job.gpus > 0 && gpuOf(request) === null) {
    return `memory from ${source}: ${memory}; no time: nothing is known here of the GPU ${gpu}`;
  }
  const assumed = job.gpus > 0 && gpu === undefined ? `, on ${ASSUMED_GPU}: the recipe names no GPU` : "";
  return `memory and time from ${source}${shape ? ": memory ±15 %, time ±40 %" : ", ±40 %"}${assumed}`;
}
