import type { CheckpointManifest } from "../core/checkpoint.js";
import type { ErrorCode } from "../core/errors.js";
import type { JobSpec } from "../core/job-spec.js";
import type { JobState } from "../core/job-state.js";

export interface Readiness {
  isReady: boolean;
  /** What stands in the way, all of it. */
  problems: { code: ErrorCode; message: string; hint: string }[];
  /** What was found, for a dry run to show: interpreter, GPUs, versions. */
  facts: Record<string, string | number>;
}

/** What the provider calls the job. Stored beside our own id. */
export interface ProviderJob {
  providerJobId: string;
}

export interface JobStatus {
  state: JobState;
  /** The provider's own words. */
  raw: string;
  /** Why it failed or was lost, where known. */
  reason: string | null;
}

export interface LogChunk {
  text: string;
  /** Hand this back to go on from here; opaque. */
  cursor: string;
}

export interface JobHandle {
  jobId: string;
  providerJobId: string | null;
  outputDir: string;
}

/** A place where jobs run. Every implementation passes the contract suite in `test/provider-contract.ts`. */
export interface Provider {
  readonly name: string;
  /** Credentials, quota, reachability: everything that can be known before anything is paid for. Changes nothing. */
  check(wanted: { gpus: number }): Promise<Readiness>;
  /** US dollars for so many hours of this job; 0 where nothing is paid. */
  estimateCost(spec: JobSpec, hours: number): Promise<number>;
  /** The command or request that would start this job, secrets left out. */
  describe(spec: JobSpec): string;
  /** How many jobs may run at once. */
  concurrency(): Promise<number>;
  /** Starts the job. Submitting a job that already runs returns it and starts nothing. */
  submit(spec: JobSpec): Promise<ProviderJob>;
  /** The job that carries our id, or null where the provider has none. */
  find(job: JobHandle): Promise<ProviderJob | null>;
  status(job: JobHandle): Promise<JobStatus>;
  /** Everything since the cursor (null: from the start). An empty text means nothing new. */
  logs(job: JobHandle, cursor: string | null): Promise<LogChunk>;
  /** The job's trainer events since the cursor, as JSON lines. */
  events(job: JobHandle, cursor: string | null): Promise<LogChunk>;
  /** Complete checkpoints only, oldest first. */
  checkpoints(job: JobHandle): Promise<{ path: string; manifest: CheckpointManifest }[]>;
  /** Returns when the job is gone; a job that is already gone is not an error. */
  cancel(job: JobHandle): Promise<void>;
}
