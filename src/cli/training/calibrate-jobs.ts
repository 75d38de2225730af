import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type ErrorCode, MllmError } from "../../core/errors.js";
import { plural } from "../../core/plural.js";
import { shareCores } from "../../providers/local/create-local-provider.js";
import {
  calibrationKey,
  Measurement,
  type StoredCalibration,
  saveCalibration,
  toCalibration,
  toStored,
} from "../../recipe/calibration.js";
import { type Estimate, estimateJob } from "../../recipe/estimate.js";
import { worksOf } from "../../training/planned-job.js";
import type { Context } from "../context.js";
import { formatTable, quoteArgument, writeNote, writeResult } from "../output.js";
import { askTrainer } from "./ask-trainer.js";
import { refuseToStart, type StartCheck, type StartedJob } from "./check-start.js";
import { calibrationsFolder, type Estimator } from "./estimate-planned.js";
import { formatTrainCommand, type TrainOptions } from "./launch-training.js";
import { describeMachine } from "./machine.js";
import { formatBytes, formatSeconds } from "./plan-view.js";

interface CalibrationRequest {
  check: StartCheck;
  /** The provider's name. */
  provider: string;
  estimator: Estimator;
  options: TrainOptions;
  /** How many jobs the recipe lets run here at once: they share the cores. */
  jobsAtOnce: number;
}

/** What one job's first steps took, and what the whole is expected to take by that. */
interface CalibratedJob {
  jobId: string;
  subset: string;
  /** Where it is kept for later dry runs. */
  path: string;
  measured: StoredCalibration;
  estimate: Estimate;
}

/** Trains the first optimizer steps of each job here, one job after the other; leaves nothing but the measurements. */
export async function calibrateJobs(context: Context, request: CalibrationRequest): Promise<void> {
  const { check, provider, options } = request;
  if (provider !== "local") {
    const message = `--calibrate measures the machine it runs on, and ${provider} would train elsewhere`;
    const hint = "Run it on such a machine, with --provider local.";
    throw new MllmError("usage", message, { hint });
  }
  refuseToStart(check.problems);
  const jobs: CalibratedJob[] = [];
  // Several roles in one job are measured like jobs of their own, unless they are trained together.
  const each = check.jobs.flatMap((job) => worksOf(job).map((work) => ({ ...job, ...work })));
  for (const job of each) jobs.push(await calibrateJob(context, request, job));
  const value = { calibrations: jobs };
  writeResult(context, { json: options.json === true, value, text: formatCalibrations(jobs) });
  if (options.json === true) return;
  const from = options.from === undefined ? "" : ` --from ${quoteArgument(options.from)}`;
  const command = `${formatTrainCommand(options, stageOf(options))}${from}`;
  writeNote(context, `next: ${command} --dry-run, which uses this, or the same without --dry-run`);
}

function stageOf({ stage, role }: TrainOptions): string {
  return role === undefined ? `--stage ${stage}` : `--stage ${stage} --role ${role}`;
}

const Failure = z.object({
  failure: z.object({ reason: z.string(), message: z.string(), hint: z.string().nullable() }),
});
const STEPS = 20;

async function calibrateJob(
  context: Context,
  { estimator, jobsAtOnce }: CalibrationRequest,
  planned: StartedJob,
): Promise<CalibratedJob> {
  const { spec, job } = planned;
  const estimated = await estimator.request(planned);
  const { work } = estimated;
  if (job.gpus > 1) {
    const hint =
      "--set resources.gpus=1 measures a job of one; of several, --dry-run goes by their data sheet.";
    throw new MllmError("usage", `--calibrate measures one GPU, and the job has ${job.gpus}`, { hint });
  }
  if (!work) {
    throw new MllmError("environment_missing", `${spec.jobId}: the trainer could not count its work here`, {
      hint: "mllm setup makes the Python environment; the model's tokenizer has to be on this machine, too.",
    });
  }
  const steps = Math.min(STEPS, work.optimizerSteps);
  writeNote(context, `${spec.subset}: timing ${plural(steps, "optimizer step")} of ${spec.jobId}`);
  const measured = await measure(context, planned, { steps, jobsAtOnce });
  const { name: machine } = describeMachine();
  const stored = toStored(measured, work, { machine, measuredAt: context.now().toISOString() });
  const key = calibrationKey(spec, job.gpus, machine);
  const path = await saveCalibration(calibrationsFolder(context), key, stored);
  const estimate = estimateJob({ ...estimated, calibration: toCalibration(stored) });
  return { jobId: spec.jobId, subset: spec.subset, path, measured: stored, estimate };
}

/** In a folder that is gone afterwards, whatever happens. */
async function measure(
  context: Context,
  { spec }: StartedJob,
  { steps, jobsAtOnce }: { steps: number; jobsAtOnce: number },
): Promise<Measurement> {
  const parent = calibrationsFolder(context);
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, "run-"));
  try {
    const job = join(folder, "job.json");
    await writeFile(job, JSON.stringify({ ...spec, outputDir: folder }));
    const tail: string[] = [];
    const onNote = (line: string) => tail.push(line);
    const args = [job, String(steps)];
    const env = await shareCores(context, jobsAtOnce);
    const [answer] = (await askTrainer(context, { module: "calibrate", args, input: "", env, onNote })) ?? [];
    const failed = Failure.safeParse(answer);
    if (failed.success) throw describeFailure(failed.data.failure);
    const measured = Measurement.safeParse(answer);
    if (measured.success) return measured.data;
    const words = tail.slice(-5).join("\n  ");
    throw new MllmError("environment_missing", `the trainer did not answer:\n  ${words}`, {
      hint: "mllm providers check local says what is missing.",
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function describeFailure({ reason, message, hint }: z.infer<typeof Failure>["failure"]): MllmError {
  const code: ErrorCode = reason === "disk_full" ? "disk_full" : "job_failed";
  return new MllmError(code, `the first steps failed: ${message}`, hint === null ? {} : { hint });
}

function formatCalibrations(jobs: readonly CalibratedJob[]): string {
  const rows = jobs.map(({ subset, measured, estimate }) => [
    subset,
    `${measured.secondsPerStep.toPrecision(3)} s`,
    Math.round(measured.positionsPerStep / measured.secondsPerStep),
    formatBytes(measured.peakMemoryBytes),
    estimate.optimizerSteps,
    formatSeconds(estimate.seconds),
  ]);
  return formatTable(["subset", "a step", "tokens/s", "peak memory", "optimizer steps", "whole job"], rows);
}
