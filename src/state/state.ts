import type { JobState } from "../core/job-state.js";
import type { JobSubset, Role, Subset } from "../core/roles.js";
import type { Agent, Checkpoint, EvaluationRow, Job, Place, Run } from "./rows.js";

/** What makes two executions of a recipe the same run. */
export interface RunKey {
  recipeName: string;
  recipeSha256: string;
  dataHash: string;
}

export interface ClaimRequest {
  runId: string;
  jobKey: string;
  /** Of a job of several roles: the keys that jobs of each alone would have. */
  partKeys?: readonly string[];
  stage: 1 | 2;
  subset: JobSubset;
  provider: string;
  claimant: string;
  /** For a job that does not exist yet. */
  newJobId: string;
  outputDir: string;
  placement: unknown;
  parentJobId: string | null;
  /** Jobs that have succeeded and do not count, if they are still at this attempt: their checkpoints are gone. */
  gone?: readonly Pick<Job, "id" | "attempt">[];
  at: string;
}

/** `claimed`: the caller owns the submission now. `active`: somebody else's process is or may be at work. */
export interface Claim {
  kind: "claimed" | "active" | "succeeded";
  job: Job;
}

/** `isBest` and `isLast` are set anew on every save. */
export type CheckpointRecord = Omit<Checkpoint, "state"> & { state: "complete" | "remote" };

export interface JobFilter {
  id?: string;
  runId?: string;
  jobKey?: string;
  /** As jobKey, and jobs of several roles of which one has this key. */
  work?: string;
  provider?: string;
  states?: readonly JobState[];
}

export interface CheckpointFilter {
  id?: string;
  jobId?: string;
  parentId?: string;
  subset?: Subset;
  state?: Checkpoint["state"];
}

export interface EvaluationFilter {
  id?: string;
  kind?: EvaluationRow["kind"];
  dataSha256?: string;
  /** Evaluations of an agent that has these weights, by hash; roles that are not named may have any. */
  hashes?: Partial<Record<Role, string>>;
}

interface JobChange {
  state?: JobState;
  providerJobId?: string | null;
  reason?: string | null;
  endedAt?: string | null;
  restarts?: number;
  seconds?: number | null;
  dollars?: number | null;
  dollarsPerHour?: number | null;
  spec?: unknown;
  at: string;
}

/** The state database. All calls are synchronous; all times are ISO text from the caller's clock. */
export interface State {
  readonly path: string;
  /** Eight hexadecimal digits, made with the database: tells its jobs from those of others in the same account. */
  readonly workspaceId: string;
  findRun(key: RunKey): Run | null;
  /** The run of this key, made now if it is the first. */
  ensureRun(key: RunKey, at: string): Run;
  listRuns(): Run[];
  /** Sets what all jobs of a run together may cost. */
  limitRun(id: string, maxDollars: number): void;
  /**
   * Takes the work of a jobKey, or says which job has it (a job of several roles may). All in one write transaction:
   * of two callers exactly one is told `claimed`. The row is then in state `submitting`: new, or the newest ended one
   * with one more attempt.
   */
  claimJob(request: ClaimRequest): Claim;
  /**
   * Changes the row if it is still at this attempt (and in one of these states); false if it has moved on,
   * which is not an error: somebody else took the job over.
   */
  updateJob(job: { id: string; attempt: number }, change: JobChange, onlyIn?: readonly JobState[]): boolean;
  /** Newest first. */
  listJobs(filter?: JobFilter): Job[];
  getJob(id: string): Job | null;
  /** By id, or by a beginning of it that only one job has. Throws not_found, or usage where several match. */
  findJob(idOrPrefix: string): Job;
  /** Everywhere that jobs were ever claimed for: something of theirs may still be there. */
  listPlaces(): Place[];
  /** Inserts or refreshes the row; a removed checkpoint becomes complete again. */
  saveCheckpoint(record: CheckpointRecord): void;
  markCheckpointRemoved(id: string): void;
  /** Newest first. */
  listCheckpoints(filter?: CheckpointFilter): Checkpoint[];
  getCheckpoint(id: string): Checkpoint | null;
  /** As findJob. */
  findCheckpoint(idOrPrefix: string): Checkpoint;
  /** A new version of an agent: roles that are not named stay as they were. Throws usage where a role was never named. */
  saveAgent(name: string, roles: Partial<Record<Role, string>>, at: string): Agent;
  /** Every version, by name, newest first. */
  listAgents(name?: string): Agent[];
  /** The newest version, or the one asked for. */
  getAgent(name: string, version?: number): Agent | null;
  /** All versions; false where there was none. */
  removeAgent(name: string): boolean;
  /** Inserts the row, or replaces the one of the same id: the same evaluation was made again. */
  saveEvaluation(row: EvaluationRow): void;
  /** Newest first. */
  listEvaluations(filter?: EvaluationFilter): EvaluationRow[];
  /** As findJob. */
  findEvaluation(idOrPrefix: string): EvaluationRow;
  /**
   * What evaluations have found out before; undefined for what they have not. Values are plain JSON data. They lie in
   * `results.db` beside the database: it may grow large, is written all the time, and can be deleted.
   */
  readonly results: { get(key: string): unknown; put(key: string, value: unknown): void };
  close(): void;
}
