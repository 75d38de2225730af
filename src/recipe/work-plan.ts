import { z } from "zod";
import type { DatasetManifest } from "../core/dataset-manifest.js";
import type { TokenCounts } from "./count-tokens.js";
import type { ResolvedJob } from "./resolve-job.js";

const Batch = z.object({
  /** Tokens and padding. */
  positions: z.number(),
  /** Keys that branches of trees look back at, gathered; 0 where nothing branches. */
  places: z.number(),
  /** Tokens that the loss is taken on. */
  trained: z.number(),
});

/** The work of one job, as `python -m mllm_trainer.forecast` prints it. */
export const WorkPlan = z.object({
  /** Without those that the overflow policy drops. */
  rows: z.number(),
  validationRows: z.number(),
  /** Of one epoch. */
  tokens: z.number(),
  trainedTokens: z.number(),
  /** Of one evaluation, alone and as they are laid out. */
  validationTokens: z.number(),
  validationPositions: z.number(),
  optimizerSteps: z.number(),
  /** Of the whole training, without padding and with it: in trees, each token that rows share once. */
  processedTokens: z.number(),
  processedPositions: z.number(),
  /** Those of them that are computed forward only: the trunks of activated adapters. */
  forwardPositions: z.number().default(0),
  evaluations: z.number(),
  saves: z.number(),
  /** The largest micro-batch of one device, and the largest batch of an evaluation. */
  largest: Batch,
  evaluated: Batch,
  /** Positions of the first optimizer steps, one by one. */
  firstPositions: z.array(z.number()),
});
export type WorkPlan = z.infer<typeof WorkPlan>;

interface GuessedWork {
  job: ResolvedJob;
  manifest: DatasetManifest;
  counts: TokenCounts;
}

/** The longest row of a batch over the mean one, on tool-use trajectories. */
const LONGEST = 1.5;

/** Without the trainer to ask: as if rows were of one length and shared nothing. A step is counted in rows. */
export function guessWork({ job, manifest, counts }: GuessedWork): WorkPlan {
  const { train, validation } = manifest.subsets[job.subset];
  const { training } = job;
  const rowTokens = counts.tokens / Math.max(1, train.rows);
  const deviceRows = training.per_device_train_batch_size ?? 8;
  const stepRows = deviceRows * (training.gradient_accumulation_steps ?? 1) * Math.max(1, job.gpus);
  const epochSteps = Math.max(1, Math.ceil(train.rows / stepRows));
  const fromEpochs = Math.ceil(epochSteps * (training.num_train_epochs ?? 1));
  const optimizerSteps = training.max_steps && training.max_steps > 0 ? training.max_steps : fromEpochs;
  // An epoch's last step may be short.
  const processedTokens = Math.round((counts.tokens / epochSteps) * optimizerSteps);
  const trainedShare = counts.trainedTokens / Math.max(1, counts.tokens);
  const validationRows = validation?.rows ?? 0;
  const evaluatedRows = Math.min(validationRows, training.per_device_eval_batch_size ?? 8);
  const batch = (rows: number) => {
    const positions = Math.round(rows * Math.min(rowTokens * LONGEST, job.overflow.maxTokens));
    return { positions, places: 0, trained: Math.round(positions * trainedShare) };
  };
  const saves = pauses(training.save_strategy ?? "steps", training.save_steps ?? 0.25, optimizerSteps);
  return {
    rows: train.rows,
    validationRows,
    tokens: counts.tokens,
    trainedTokens: counts.trainedTokens,
    validationTokens: Math.round(validationRows * rowTokens),
    validationPositions: Math.round(validationRows * rowTokens),
    optimizerSteps,
    processedTokens,
    processedPositions: processedTokens,
    forwardPositions: 0,
    evaluations: validationRows === 0 ? 0 : saves + 1,
    saves,
    largest: batch(Math.min(deviceRows, train.rows)),
    evaluated: batch(evaluatedRows),
    firstPositions: [],
  };
}

function pauses(strategy: "no" | "steps" | "epoch", every: number, steps: number): number {
  if (strategy === "no") return 1;
  return Math.max(1, Math.round(every < 1 ? 1 / every : steps / every));
}
