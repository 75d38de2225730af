import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { explainSystemError } from "../../core/errors.js";
import { isProcessAlive, type ProcessMark } from "./process-liveness.js";

/** `process.json`, which the trainer writes first of all while it holds the folder's lock. */
export const TrainerProcess = z.object({
  pid: z.int().positive(),
  startedAt: z.string(),
  jobId: z.string(),
  attempt: z.int(),
  /** MLLM_LAUNCH_ID, as it was started with: tells ours from another command's, through whatever wrapper. */
  launchId: z.string().nullish(),
});
export type TrainerProcess = z.infer<typeof TrainerProcess>;

/** `launch.json`, which the provider writes right after the start; it covers the time until `process.json`. */
export const Launch = z.object({
  pid: z.int().positive(),
  startedAt: z.string(),
  jobId: z.string(),
  /** The attempt's; jobs of earlier versions have none. */
  label: z.string().default(""),
  gpu: z.string().nullable(),
});
export type Launch = z.infer<typeof Launch>;

export function jobPaths(outputDir: string) {
  return {
    job: join(outputDir, "job.json"),
    events: join(outputDir, "events.jsonl"),
    log: join(outputDir, "trainer.log"),
    process: join(outputDir, "process.json"),
    launch: join(outputDir, "launch.json"),
    checkpoints: join(outputDir, "checkpoints"),
  };
}

/** Null where the file is missing or not (yet) what it should be. */
export async function readRecord<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  try {
    return schema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return null;
  }
}

/** A reader finds the old content or the new one, never a part. */
export async function writeRecord(path: string, value: unknown): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, "w");
    try {
      await file.writeFile(`${JSON.stringify(value, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    throw explainSystemError(error, path);
  }
}

export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw explainSystemError(error, path);
  }
}

/** The job's living process: the trainer, or the one just started that has not said so yet. */
export async function findLiving(job: { jobId: string; outputDir: string }): Promise<ProcessMark | null> {
  const paths = jobPaths(job.outputDir);
  for (const mark of [
    await readRecord(paths.process, TrainerProcess),
    await readRecord(paths.launch, Launch),
  ]) {
    if (mark !== null && mark.jobId === job.jobId && (await isProcessAlive(mark))) return mark;
  }
  return null;
}
