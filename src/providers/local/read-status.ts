import { appendFile } from "node:fs/promises";
import { TrainerEvent } from "../../core/trainer-event.js";
import type { JobHandle, JobStatus } from "../provider.js";
import { findLiving, jobPaths, Launch, readRecord, TrainerProcess } from "./job-folder.js";
import { readTail } from "./read-lines.js";

/** The last word is at the end of the file; a progress line has some hundred bytes. */
const TAIL_BYTES = 256 * 1024;

/** What the folder says: a living process first, then the trainer's last word, then its silence. */
export async function readStatus(job: JobHandle): Promise<JobStatus> {
  const paths = jobPaths(job.outputDir);
  // In this order: a process that ends in between has written its last word before.
  const living = await findLiving(job);
  if (living !== null) return { state: "running", raw: `process ${living.pid} runs`, reason: null };
  const trainer = await readRecord(paths.process, TrainerProcess);
  const launch = await readRecord(paths.launch, Launch);
  const starts = [trainer, launch].flatMap((mark) => (mark?.jobId === job.jobId ? [mark.startedAt] : []));
  const newest = starts.sort((a, b) => Date.parse(b) - Date.parse(a))[0];
  if (newest === undefined) {
    return { state: "lost", raw: "no process", reason: "no trainer was started for this job" };
  }
  const word = await readLastWord(paths.events, newest);
  if (word === null) {
    return {
      state: "failed",
      raw: "process gone",
      reason: "the trainer process ended without a last word (killed, or out of memory)",
    };
  }
  if (word.type === "done") return { state: "succeeded", raw: "done", reason: null };
  const state = word.reason === "cancelled" ? "cancelled" : "failed";
  return { state, raw: `failed: ${word.reason}`, reason: `${word.reason}: ${word.message}` };
}

type LastWord = Extract<TrainerEvent, { type: "done" | "failed" }>;

/** The closing event of the attempt that began at this time; those of earlier attempts do not count. */
async function readLastWord(path: string, startedAt: string): Promise<LastWord | null> {
  const lines = await readTail(path, TAIL_BYTES);
  let word: LastWord | null = null;
  for (const line of lines) {
    const event = parseEvent(line);
    if (event?.type === "started") word = null;
    if (event?.type === "done" || event?.type === "failed") word = event;
  }
  return word !== null && wholeSeconds(word.time) >= wholeSeconds(startedAt) ? word : null;
}

function parseEvent(line: string): TrainerEvent | null {
  if (line === "") return null;
  try {
    return TrainerEvent.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}

function wholeSeconds(time: string): number {
  return Math.floor(Date.parse(time) / 1000);
}

/** Says the last word for a trainer that was killed before it could. The trainer must be gone. */
export async function writeCancelled(job: JobHandle, time: string): Promise<void> {
  if ((await readStatus(job)).raw !== "process gone") return;
  const event = { type: "failed", time, reason: "cancelled", message: "killed on request", hint: null };
  // Closes a line that the killed process may have left open.
  await appendFile(jobPaths(job.outputDir).events, `\n${JSON.stringify(event)}\n`);
}
