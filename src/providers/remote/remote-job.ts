import type { JobHandle, LogChunk, Provider } from "../provider.js";
import type { Storage } from "../storage.js";
import { readLastWord } from "./last-word.js";
import { layout } from "./layout.js";
import { pullCheckpoint } from "./pull-checkpoint.js";
import { RunnerState } from "./runner-files.js";
import { listStoredCheckpoints } from "./stored-checkpoints.js";
import { parseJson, readStoredLines, readStoredText } from "./stored-text.js";

/** What a job's folder in a storage says: the members of Provider that are the same wherever it lies. */
export interface RemoteJobs extends Pick<Provider, "events" | "checkpoints" | "pull"> {
  /** `trainer.log`, for providers without a log of their own. */
  logs(job: JobHandle, cursor: string | null): Promise<LogChunk>;
  /** Null where there is none, or one of another attempt. */
  runnerState(job: JobHandle): Promise<RunnerState | null>;
  /** The trainer's last word of this attempt: `done`, or the reason and message of `failed`. */
  lastWord(
    job: JobHandle,
  ): Promise<{ type: "done" } | { type: "failed"; reason: string; message: string } | null>;
}

export function createRemoteJobs(storage: Storage): RemoteJobs {
  const runnerState = (job: JobHandle) => readRunnerState(storage, job);
  return {
    runnerState,
    lastWord: async (job) => {
      const state = await runnerState(job);
      if (state === null) return null;
      const word = await readLastWord(storage, job, state.startedAt);
      if (word === null || word.type === "done") return word && { type: "done" };
      return { type: "failed", reason: word.reason, message: word.message };
    },
    logs: async (job, cursor) => {
      const place = { storage, path: `${layout.job(job.name)}/trainer.log` };
      const chunk = await readStoredLines(place, cursor);
      if (chunk.text !== "") return chunk;
      // In this order: what was written before the end is read after it.
      const isEnded = (await runnerState(job))?.state === "ended";
      return isEnded ? readStoredLines(place, cursor, isEnded) : chunk;
    },
    events: (job, cursor) =>
      readStoredLines({ storage, path: `${layout.job(job.name)}/events.jsonl` }, cursor),
    checkpoints: (job) => listStoredCheckpoints(storage, job),
    pull: (job, checkpoint) => pullCheckpoint(storage, job, checkpoint),
  };
}

async function readRunnerState(storage: Storage, job: JobHandle): Promise<RunnerState | null> {
  const text = await readStoredText(storage, `${layout.job(job.name)}/runner-state.json`);
  const state = RunnerState.safeParse(parseJson(text)).data;
  return state?.label === job.label ? state : null;
}
