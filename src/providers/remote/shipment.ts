import type { Submission } from "../provider.js";
import type { Storage, Upload } from "../storage.js";
import type { RunnerConfig } from "./runner-files.js";

/** What travels to the job's machine, and what is to be run there. */
export interface Shipment {
  /** The job's folder on the job's machine. */
  jobFolder: string;
  /** PYTHONPATH of `python -m mllm_runner JOB_FOLDER`. */
  pythonPath: string;
  /** Files named by their content, with sizes; those that the storage has need not be written. */
  inputs: (Upload & { sizeBytes: number })[];
  /** `job.json` (its paths are the job machine's) and `runner.json`. */
  jobFiles: Upload[];
}

/** Decides per provider; the rest of the RunnerConfig follows from the submission. */
export type RunnerOptions = Pick<RunnerConfig, "python" | "slots" | "storage" | "release"> & {
  /** Make a virtual environment on the job's machine (below the tree's root). */
  hasOwnEnvironment: boolean;
};

export interface ShipmentRequest {
  submission: Submission;
  /** `<packageRoot>/trainer` holds trainer and runner. */
  packageRoot: string;
  /** Absolute path of the tree on the job's machine. */
  root: string;
  options: RunnerOptions;
}

/** Reads and hashes; writes nothing. */
export async function createShipment(_request: ShipmentRequest): Promise<Shipment> {
  throw new Error("not there yet");
}

/** Writes what the storage lacks: inputs first, the job's own files last. May be repeated. */
export async function ship(_storage: Storage, _shipment: Shipment): Promise<void> {
  throw new Error("not there yet");
}
