import { z } from "zod";

/** `runner.json`, beside `job.json`: how the job's machine runs the trainer. Paths are absolute and of that machine. */
export const RunnerConfig = z.strictObject({
  version: z.literal(1),
  jobId: z.string(),
  label: z.string(),
  /** What all starts under this label may take together, waiting left out. */
  deadlineSeconds: z.int().positive(),
  /** The interpreter with the trainer's packages; null: the one of `environment`, or the runner's own. */
  python: z.string().nullable(),
  /** Make this virtual environment first, if it is not there. */
  environment: z.strictObject({ folder: z.string(), requirements: z.string() }).nullable(),
  /** More than one process in all: accelerate starts them. */
  processes: z.strictObject({ nodes: z.int().positive(), gpusPerNode: z.int().nonnegative() }),
  /** Wait for free GPUs of this machine (without GPUs: for the one place there is) by locks in this folder. */
  slots: z.string().nullable(),
  /** Wait until the job of this folder has succeeded. */
  after: z.string().nullable(),
  /** Fetch `inputs` from this repository first, and bring the job's folder there, regularly and at the end. */
  storage: z
    .strictObject({
      kind: z.literal("hub"),
      repository: z.string(),
      /** The root of the tree here, and what to fetch of it: files or folders. */
      root: z.string(),
      inputs: z.array(z.string()),
      syncSeconds: z.int().positive(),
    })
    .nullable(),
  /** How the machine is to be given back at the end, where it does not go by itself. */
  release: z.enum(["runpod"]).nullable(),
});
export type RunnerConfig = z.infer<typeof RunnerConfig>;

/** `runner-state.json`, which the runner replaces whenever something changes and every ten seconds. */
export const RunnerState = z.object({
  version: z.literal(1),
  label: z.string(),
  state: z.enum(["waiting", "preparing", "running", "ended"]),
  pid: z.int(),
  /** Tells a process from a later one with the same number: the boot, and the start in ticks since then. */
  bootId: z.string(),
  processStart: z.int(),
  startedAt: z.string(),
  heartbeatAt: z.string(),
  /** Of all starts under this label, waiting left out. */
  spentSeconds: z.number(),
  /** How often the runner was started under this label. */
  starts: z.int().positive(),
  /** The trainer's; 124 at the deadline. */
  exitCode: z.int().nullable(),
  reason: z
    .enum(["deadline", "signal", "parent_failed", "environment_failed", "storage_failed", "trainer"])
    .nullable(),
  message: z.string().nullable(),
  endedAt: z.string().nullable(),
});
export type RunnerState = z.infer<typeof RunnerState>;
