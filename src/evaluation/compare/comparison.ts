import type { Role } from "../../core/roles.js";
import type { Step } from "../../core/trajectory.js";
import type { Evaluation } from "../evaluation.js";
import type { Item } from "../item.js";

/** An evaluation with what it was computed from. */
export interface EvaluatedItems {
  evaluation: Evaluation;
  items: readonly Item[];
}

/** One metric in two evaluations of the same items; plain data. */
export interface MetricDifference {
  name: string;
  role: Role | null;
  isHeadline: boolean;
  isLowerBetter: boolean;
  /** Means over the items of each that have a score; null where none has. */
  a: number | null;
  b: number | null;
  /** B − A, and its 95 % interval: percentiles of a seeded bootstrap over clusters, A and B resampled together. */
  difference: number | null;
  low: number | null;
  high: number | null;
  /** Two-sided: how often a difference as large arises where A and B are exchanged in clusters at random. */
  p: number | null;
  /** Of the items that have a score in both: how many got better, worse, or stayed. */
  better: number;
  worse: number;
  same: number;
}

export interface DifferenceSlice {
  name: string;
  items: number;
  metrics: MetricDifference[];
}

/** An item whose scores are not the same in both. */
export interface ItemChange {
  id: string;
  group: string | null;
  question: string;
  tools: string[];
  /** Sum over the headline metrics of B − A, turned so that below zero is worse. */
  change: number;
  /** The metrics that differ. */
  scores: Record<string, { a: number | null; b: number | null }>;
  reference: Step[];
  a: Step[];
  b: Step[];
}

/** What there is to say about a candidate (B) beside a baseline (A), from the items of both. */
export interface Comparison {
  kind: Evaluation["kind"];
  data: Evaluation["data"];
  a: Pick<Evaluation, "id" | "subject">;
  b: Pick<Evaluation, "id" | "subject">;
  /** In both; the numbers are of these alone. */
  items: number;
  clusters: number;
  onlyInA: number;
  onlyInB: number;
  /** The settings in which they differ, `agent.limits.turns` and the like; none but where that was allowed. */
  settings: { name: string; a: unknown; b: unknown }[];
  /** In the order of METRICS; those of which no item has a score are left out. */
  metrics: MetricDifference[];
  groups: DifferenceSlice[];
  /** By tool of the reference, most frequent first. */
  tools: DifferenceSlice[];
  /** Worst first. */
  changes: ItemChange[];
}
