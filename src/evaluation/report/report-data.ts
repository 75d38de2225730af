import type { Subset } from "../../core/roles.js";
import type { Comparison, EvaluatedItems } from "../compare/comparison.js";

/** Everything a report shows, as plain data: the same data gives the same file. */
export interface ReportData {
  title: string;
  /** One sentence under the title. */
  summary: string;
  /** Of the program. */
  version: string;
  training: Training | null;
  evaluations: readonly EvaluatedItems[];
  /** Of the two evaluations there are. */
  comparison: Comparison | null;
}

/** What was trained. */
export interface Training {
  dataSets: readonly TrainedDataSet[];
  /** The backbone first. */
  jobs: readonly TrainedJob[];
}

export interface TrainedDataSet {
  hash: string;
  checkpoints: readonly TrainedCheckpoint[];
}

export interface TrainedCheckpoint {
  id: string;
  subset: Subset;
  globalStep: number;
  /** What a backbone began with; null where it has a parent or that is not known. */
  baseModel: string | null;
  /** On its subset's validation rows, before the first optimizer step and at this one. */
  lossBefore: number | null;
  lossAfter: number | null;
  children: readonly TrainedCheckpoint[];
}

export interface LossPoint {
  globalStep: number;
  /** Mean nats per trained token. */
  loss: number;
}

export interface TrainedJob {
  id: string;
  subset: Subset;
  recipe: string | null;
  state: string;
  provider: string;
  /** Along the way, on what is trained on; and on the validation rows, the first one before any training. */
  trainingLoss: readonly LossPoint[];
  validationLoss: readonly LossPoint[];
  /** The step of the best checkpoint; null where none was kept. */
  bestStep: number | null;
  lastStep: number | null;
  rows: number | null;
  /** Processed in all epochs together. */
  tokens: number | null;
  /** Of all attempts. */
  seconds: number;
  dollars: number;
  /** Why nothing is known of its loss; null where something is. */
  problem: string | null;
}
