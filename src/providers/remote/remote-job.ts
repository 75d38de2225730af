import type { JobHandle, LogChunk, Provider } from "../provider.js";
import type { Storage } from "../storage.js";
import type { RunnerState } from "./runner-files.js";

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

export function createRemoteJobs(_storage: Storage): RemoteJobs {
  throw new Error("not there yet");
}
