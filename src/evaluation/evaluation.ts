import { z } from "zod";
import { ROLES } from "../core/roles.js";

/** A mean over items with its 95 % interval: percentiles of a seeded bootstrap over clusters. */
export const Metric = z.object({
  name: z.string(),
  /** Null where no item has a score. */
  value: z.number().nullable(),
  /** Null, both, where fewer than two clusters have a score. */
  low: z.number().nullable(),
  high: z.number().nullable(),
  /** How many items have a score. */
  count: z.int().nonnegative(),
});
export type Metric = z.infer<typeof Metric>;

/** Rows are what was recorded, columns what was predicted; `counts[row][column]`. */
export const Confusion = z.object({
  /** `planner: decision`, `caller: tool`. */
  title: z.string(),
  labels: z.array(z.string()),
  counts: z.array(z.array(z.int().nonnegative())),
});
export type Confusion = z.infer<typeof Confusion>;

export const Slice = z.object({ name: z.string(), items: z.int().nonnegative(), metrics: z.array(Metric) });
export type Slice = z.infer<typeof Slice>;

/** What everything below is computed from items alone by `summarizeItems`. */
export const Summary = z.object({
  items: z.int().nonnegative(),
  metrics: z.array(Metric),
  /** By group, where items have one. */
  groups: z.array(Slice),
  /** By tool of the reference, most frequent first. */
  tools: z.array(Slice),
  confusions: z.array(Confusion),
  /** How often each note of the items occurs. */
  notes: z.record(z.string(), z.int()),
});
export type Summary = z.infer<typeof Summary>;

/** The reference's seven numbers, by its own names; or the exception that it ends with on these predictions. */
export const CompatScores = z.union([
  z.object({
    rouge: z.number(),
    plan_em: z.number(),
    action_em: z.number(),
    easy_f1: z.number(),
    hard_f1: z.number(),
    f1: z.number(),
    hallu_rate: z.number(),
  }),
  z.object({ error: z.string() }),
]);
export type CompatScores = z.infer<typeof CompatScores>;

const CheckpointName = z.object({ id: z.string(), hash: z.string() });

/** Who was evaluated. */
export const Subject = z.object({
  /** For people: an agent's name and version, `planner-… caller-… summarizer-…`, or the file of predictions. */
  name: z.string(),
  /** Null for predictions from elsewhere. A hash alone decides: equal hashes are the same weights. */
  checkpoints: z.record(z.enum(ROLES), CheckpointName).nullable(),
});
export type Subject = z.infer<typeof Subject>;

/**
 * `evaluation.json`, written last beside `items.jsonl`: a folder without it is not an evaluation. Holds no time and
 * no path of this machine, so that the same evaluation made twice gives the same bytes.
 */
export const Evaluation = z.object({
  version: z.literal(1),
  /** `static-` or `live-` and the first ten hexadecimal digits of a SHA-256 over subject, data and settings. */
  id: z.string(),
  kind: z.enum(["static", "live"]),
  subject: Subject,
  data: z.object({ name: z.string(), sha256: z.string() }),
  /** Everything else that decides the result: limits, strategy, seed, judge. */
  settings: z.record(z.string(), z.unknown()),
  summary: Summary,
  /** Static evaluations in the reference's form; else null. */
  compat: CompatScores.nullable(),
});
export type Evaluation = z.infer<typeof Evaluation>;

/** An evaluation as it is read back, and where it lies. */
export interface StoredEvaluation {
  folder: string;
  evaluation: Evaluation;
}

/** What happens while items are made; plain data. A generator of these returns the items, in the order of the data. */
export type EvaluationEvent =
  /** After each item; `isCached`: it had been done before and cost nothing. */
  { type: "item"; done: number; total: number; isCached: boolean } | { type: "warned"; message: string };
