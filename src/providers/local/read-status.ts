import { appendFile } from "node:fs/promises";
import type { JobState } from "../../core/job-state.js";
import { TrainerEvent } from "../../core/trainer-event.js";
import type { JobHandle, JobStatus } from "../provider.js";
import { findLiving, jobPaths, Launch, readRecord, TrainerProcess } from "./job-folder.js";
import { readTail } from "./read-lines.js";

/** The last word is at the end of the file; a progress line has some hundred bytes. */
const TAIL_BYTES = 256 * 1024;

/** What the folder says: a living process first, then the trainer's last word, then its silence. */
export async function readStatus(job: JobHandle): Promise<JobStatus> {
  return (await inspectFolder(job)).status;
}

interface FolderStatus {
  status: JobStatus;
  /** The trainer is gone and has not said how it ended. */
  isSilent: boolean;
}

async function inspectFolder(job: JobHandle): Promise<FolderStatus> {
  const known = (state: JobState, raw: string, reason: string | null = null): FolderStatus => ({
    status: { state, raw, reason },
    isSilent: false,
  });
  const paths = jobPaths(job.outputDir);
  // In this order: a process that ends in between has written its last word before.
  const living = await findLiving(job);
  if (living !== null) return known("running", `process ${living.pid} runs`);
  const trainer = await readRecord(paths.process, TrainerProcess);
  const launch = await readRecord(paths.launch, Launch);
  const starts = [trainer, launch].flatMap((mark) => (mark?.jobId === job.jobId ? [mark.startedAt] : []));
  const newest = starts.sort((a, b) => Date.parse(b) - Date.parse(a))[0];
  if (newest === undefined) return known("lost", "no process", "no trainer was started for this job");
  const word = await readLastWord(paths.events, newest);
  if (word === null) {
    const reason = "the trainer process ended without a last word (killed, or out of memory)";
    return { status: { state: "failed", raw: "process gone", reason }, isSilent: true };
  }
  if (word.type === "done") return known("succeeded", "done");
  const state = word.reason === "cancelled" ? "cancelled" : "failed";
  return known(state, `failed: ${word.reason}`, `${word.reason}: ${word.message}`);
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
  if (!(await inspectFolder(job)).isSilent) return;
  const event = { type: "failed", time, reason: "cancelled", message: "killed on request", hint: null };
  // Closes a line that the killed process may have left open.
  await appendFile(jobPaths(job.outputDir).events, `\n${JSON.stringify(event)}\n`);
}
