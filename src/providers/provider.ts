import type { CheckpointManifest } from "../core/checkpoint.js";
import type { ErrorCode } from "../core/errors.js";
import type { JobSpec } from "../core/job-spec.js";
import type { JobState } from "../core/job-state.js";
import type { Resources } from "../core/resources.js";

export interface Readiness {
  isReady: boolean;
  /** What stands in the way, all of it. */
  problems: { code: ErrorCode; message: string; hint: string }[];
  /** What was found, for people to read: interpreter, GPUs, versions, account, quota, prices. */
  facts: Record<string, string | number>;
}

/** What the provider calls the job. Stored beside our own id. */
export interface ProviderJob {
  providerJobId: string;
}

/** One attempt at a job. */
export interface JobHandle {
  jobId: string;
  /** `mllm-<workspace>-<job>`: the job's name in folders that outlive an attempt. Lower-case letters, digits, dashes. */
  name: string;
  /** `<name>-<attempt>`, at most 48 characters: what the provider's label, name or suffix carries, so that it is found again. */
  label: string;
  providerJobId: string | null;
  /** The job's folder on this machine. */
  outputDir: string;
}

/** A job to start. */
export interface Submission extends Omit<JobHandle, "providerJobId"> {
  /** Paths in it are of this machine; `deadlineSeconds` is what this attempt may still take. */
  spec: JobSpec;
  resources: Resources;
  /** Seconds that earlier attempts took. */
  spentSeconds: number;
  /**
   * Stage 2: the job that makes or made the parent, where this provider has it: its checkpoint is used where it lies.
   * Where `spec.parent.hash` is null, it has not ended yet, and this job starts when it has succeeded.
   */
  parentJob: JobHandle | null;
}

export interface JobStatus {
  state: JobState;
  /** The provider's own words. */
  raw: string;
  /** Why it failed or was lost, where known. */
  reason: string | null;
  /** What this attempt has taken so far, the provider's own restarts included; null where unknown. */
  seconds: number | null;
  /** US dollars of this attempt so far; null where unknown. */
  dollars: number | null;
  /** How often the provider itself has started this attempt again. */
  restarts: number;
}

export interface LogChunk {
  text: string;
  /** Hand this back to go on from here; opaque. */
  cursor: string;
}

/** What a job costs, in US dollars. */
export interface Quote {
  dollarsPerHour: number | null;
  /** A fixed price of the whole job, where the provider sells it so. */
  dollars: number | null;
  /** Where the price comes from, or why there is none. */
  source: string;
}

/** The requests and uploads that `submit` would make. Secrets appear as the names of where they come from. */
export interface LaunchPlan {
  /** In order. `request` is a command line, or a method and URL; `body` what goes with it. */
  requests: { request: string; body?: unknown }[];
  uploads: { path: string; sizeBytes: number }[];
}

/** A checkpoint of a job that is complete where the job ran. */
export interface ProviderCheckpoint {
  /** Its folder on this machine. */
  path: string;
  manifest: CheckpointManifest;
  /** Whether its files are in `path`; otherwise `pull` brings them. */
  isHere: boolean;
}

/** A machine or job that the provider has and that carries one of our labels, of any workspace. */
export interface ListedJob {
  providerJobId: string;
  label: string;
  /** The provider's own words. */
  raw: string;
  dollarsPerHour: number | null;
  /** ISO text. */
  startedAt: string | null;
}

export interface TransferProgress {
  path: string;
  bytes: number;
  totalBytes: number;
}

/**
 * A place where jobs run. Every implementation passes the contract suite in `test/provider-contract.ts`.
 * Any member may throw a ProviderError: `isRetryable` where the same call may succeed later, `isAmbiguous` where a
 * request may have been carried out although it failed.
 */
export interface Provider {
  readonly name: string;
  /** What trains: our trainer, or a vendor's own, whose results are other results. */
  readonly engine: "trainer" | "together";
  /** Whether a job can be submitted to start after another one that has not ended. */
  readonly canChain: boolean;
  /** Whether `quote` knows a price of any type of GPU at once, not only of what the recipe asks for. */
  readonly hasPriceList: boolean;
  /** How long a job that was just made may not show up in `find` and `list`; 0 where they are exact. */
  readonly settleSeconds: number;
  /** Credentials, quota, reachability: everything that can be known before anything is paid for. Changes nothing. */
  check(wanted: Resources): Promise<Readiness>;
  /** `mayUpload`: a vendor that prices only what lies there may be given the data, as `submit` would. Nothing is paid for. */
  quote(submission: Submission, options?: { mayUpload: boolean }): Promise<Quote>;
  /** What `submit` would do; changes nothing. */
  describe(submission: Submission): Promise<LaunchPlan>;
  /** How many jobs that want so much may run at once; Infinity where the provider queues by itself. */
  concurrency(wanted?: Resources): Promise<number>;
  /** Starts the job. One that the provider has already under this label is returned and nothing is started. */
  submit(submission: Submission): Promise<ProviderJob>;
  /** The attempt that carries our label, ended or not, or null where the provider has none. Of several, the oldest that is not ended. */
  find(job: JobHandle): Promise<ProviderJob | null>;
  /** A word of the provider's that is not known is `running`, never a failure. A job it does not know is `lost`. */
  status(job: JobHandle): Promise<JobStatus>;
  /** Everything since the cursor (null: from the start). An empty text means nothing new. */
  logs(job: JobHandle, cursor: string | null): Promise<LogChunk>;
  /** The job's trainer events since the cursor, as JSON lines. */
  events(job: JobHandle, cursor: string | null): Promise<LogChunk>;
  /** Complete checkpoints only, oldest first. */
  checkpoints(job: JobHandle): Promise<ProviderCheckpoint[]>;
  /**
   * Brings a checkpoint's files to its `path`, going on where an earlier call broke off; every file's hash is
   * verified and the manifest written last. Throws not_found where the provider no longer has it.
   */
  pull(job: JobHandle, checkpoint: ProviderCheckpoint): AsyncGenerator<TransferProgress>;
  /** Returns when the job is gone; one that is already gone is not an error. Throws where it cannot be told. */
  cancel(job: JobHandle): Promise<void>;
  /** Everything alive here that carries a label of ours, whatever our database says. */
  list(): Promise<ListedJob[]>;
}
