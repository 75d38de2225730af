import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { sha256 } from "../core/ids.js";
import type { JobSpec } from "../core/job-spec.js";
import type { Calibration } from "./estimate.js";
import type { WorkPlan } from "./work-plan.js";

/** What `python -m mllm_trainer.calibrate` prints. */
export const Measurement = z.object({
  steps: z.int(),
  /** Of them, those left out of `secondsPerStep`. */
  warmUpSteps: z.int(),
  startSeconds: z.number(),
  secondsPerStep: z.number(),
  secondsPerValidationToken: z.number(),
  secondsPerSave: z.number(),
  peakMemoryBytes: z.number(),
  /** `cpu`, or the GPU's name. */
  device: z.string(),
});
export type Measurement = z.infer<typeof Measurement>;

const StoredCalibration = Measurement.extend({
  version: z.literal(1),
  /** ISO text. */
  measuredAt: z.string(),
  machine: z.string(),
  positionsPerStep: z.number(),
});
export type StoredCalibration = z.infer<typeof StoredCalibration>;

/** What a step's speed depends on; neither how long a job is nor how it learns. */
const SPEED_KEYS = [
  ...["optim", "per_device_train_batch_size", "per_device_eval_batch_size", "gradient_accumulation_steps"],
  ...[
    "gradient_checkpointing",
    "train_sampling_strategy",
    "bf16",
    "fp16",
    "loss_type",
    "use_liger_kernel",
    "torch_compile",
  ],
] as const;

/** Equal for jobs of the same speed on the same machine, however long they are. */
export function calibrationKey(spec: JobSpec, gpus: number, machine: string): string {
  const { subset, baseModel, method, lora, quantization, sharding, packing, overflow, data } = spec;
  const training = Object.fromEntries(
    Object.entries(spec.training).filter(([key]) => SPEED_KEYS.some((known) => known === key)),
  );
  const model = { baseModel, method, lora, quantization, sharding };
  const job = { ...model, subset, packing, overflow, training, data: data.hash, gpus };
  return sha256({ job, machine }).slice(0, 16);
}

/** Joins what was measured with the work it was measured on. */
export function toStored(
  measured: Measurement,
  work: WorkPlan,
  { machine, measuredAt }: { machine: string; measuredAt: string },
): StoredCalibration {
  const counted = work.firstPositions.slice(measured.warmUpSteps, measured.steps);
  const positionsPerStep = counted.reduce((sum, each) => sum + each, 0) / Math.max(1, counted.length);
  return { version: 1, ...measured, positionsPerStep, machine, measuredAt };
}

export function toCalibration(stored: StoredCalibration): Calibration {
  const { measuredAt, steps, warmUpSteps } = stored;
  const counted = steps - warmUpSteps;
  const span = counted === 1 ? "one optimizer step" : `${counted} optimizer steps`;
  const source = `memory and time measured here on ${measuredAt.slice(0, 10)} over ${span} (--calibrate)`;
  return { ...stored, source };
}

export async function saveCalibration(
  folder: string,
  key: string,
  value: StoredCalibration,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${key}.json`);
  await writeFile(`${path}.tmp`, `${JSON.stringify(value, null, 2)}\n`);
  await rename(`${path}.tmp`, path);
  return path;
}

/** Null where nothing was measured, or an older version measured it. */
export async function loadCalibration(folder: string, key: string): Promise<StoredCalibration | null> {
  try {
    return StoredCalibration.parse(JSON.parse(await readFile(join(folder, `${key}.json`), "utf8")));
  } catch {
    return null;
  }
}
