import { appendFile, stat } from "node:fs/promises";
import type { JobState } from "../../core/job-state.js";
import { LAST_WORD_BYTES, pickLastWord } from "../pick-last-word.js";
import type { JobHandle, JobStatus } from "../provider.js";
import { findLiving, jobPaths, Launch, readRecord, TrainerProcess } from "./job-folder.js";
import { readTail } from "./read-lines.js";

/** What the folder says: a living process first, then the trainer's last word, then its silence. */
export async function readStatus(job: JobHandle, now: Date): Promise<JobStatus> {
  return (await inspectFolder(job, now)).status;
}

interface FolderStatus {
  status: JobStatus;
  /** The trainer is gone and has not said how it ended. */
  isSilent: boolean;
}

async function inspectFolder(job: JobHandle, now: Date): Promise<FolderStatus> {
  const paths = jobPaths(job.outputDir);
  // In this order: a process that ends in between has written its last word before.
  const living = await findLiving(job);
  const trainer = await readRecord(paths.process, TrainerProcess);
  const launch = await readRecord(paths.launch, Launch);
  const starts = [trainer, launch].flatMap((mark) => (mark?.jobId === job.jobId ? [mark.startedAt] : []));
  const newest = starts.sort((a, b) => Date.parse(b) - Date.parse(a))[0];
  const known = (state: JobState, raw: string, { reason = null, end = now }: Ending = {}): FolderStatus => {
    const seconds = newest === undefined ? null : Math.max(0, (end.getTime() - Date.parse(newest)) / 1000);
    return { status: { state, raw, reason, seconds, dollars: 0, restarts: 0 }, isSilent: false };
  };
  if (living !== null) return known("running", `process ${living.pid} runs`);
  if (newest === undefined) {
    return known("lost", "no process", { reason: "no trainer was started for this job" });
  }
  const word = pickLastWord(await readTail(paths.events, LAST_WORD_BYTES), newest);
  if (word === null) {
    const reason = "the trainer process ended without a last word (killed, or out of memory)";
    const end = await stat(paths.events).then(
      ({ mtime }) => mtime,
      () => now,
    );
    return { ...known("failed", "process gone", { reason, end }), isSilent: true };
  }
  const end = new Date(word.time);
  if (word.type === "done") return known("succeeded", "done", { end });
  const state = word.reason === "cancelled" ? "cancelled" : "failed";
  return known(state, `failed: ${word.reason}`, { reason: `${word.reason}: ${word.message}`, end });
}

interface Ending {
  reason?: string | null;
  /** When it ended; still running where there is none. */
  end?: Date;
}

/** Says the last word for a trainer that was killed before it could. The trainer must be gone. */
export async function writeCancelled(job: JobHandle, time: string): Promise<void> {
  if (!(await inspectFolder(job, new Date(time))).isSilent) return;
  const event = { type: "failed", time, reason: "cancelled", message: "killed on request", hint: null };
  // Closes a line that the killed process may have left open.
  await appendFile(jobPaths(job.outputDir).events, `\n${JSON.stringify(event)}\n`);
}
