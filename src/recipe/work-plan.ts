import { z } from "zod";
import type { DatasetManifest } from "../core/dataset-manifest.js";
import type { TokenCounts } from "./count-tokens.js";
import type { ResolvedJob } from "./resolve-job.js";

const Batch = z.object({
  /** Tokens and padding. */
  positions: z.number(),
  /** Of one line: attention looks along it. */
  width: z.number(),
  /** Tokens that the loss is taken on. */
  trained: z.number(),
});

/** The work of one job, as `python -m mllm_trainer.plan` prints it. */
export const WorkPlan = z.object({
  /** Without those that the overflow policy drops. */
  rows: z.number(),
  validationRows: z.number(),
  /** Of one epoch. */
  tokens: z.number(),
  trainedTokens: z.number(),
  validationTokens: z.number(),
  optimizerSteps: z.number(),
  /** Of the whole training, without padding and with it. */
  processedTokens: z.number(),
  processedPositions: z.number(),
  evaluations: z.number(),
  saves: z.number(),
  /** The largest micro-batch of one device, and the largest batch of an evaluation. */
  largest: Batch,
  evaluated: Batch,
  /** Positions of the first optimizer steps, one by one. */
  firstPositions: z.array(z.number()),
});
export type WorkPlan = z.infer<typeof WorkPlan>;

export interface GuessedWork {
  job: ResolvedJob;
  manifest: DatasetManifest;
  counts: TokenCounts;
}

/** Without the trainer to ask: as if all rows were of one length and packed ones filled their sequences. */
export function guessWork({ job, manifest, counts }: GuessedWork): WorkPlan {
  const { train, validation } = manifest.subsets[job.subset];
  const { training, overflow } = job;
  const isPadded = job.packing === "none";
  const deviceRows = training.per_device_train_batch_size ?? 8;
  const stepSequences = deviceRows * (training.gradient_accumulation_steps ?? 1) * Math.max(1, job.gpus);
  const sequences = isPadded ? train.rows : Math.ceil(counts.tokens / overflow.maxTokens);
  const sequenceTokens = counts.tokens / Math.max(1, sequences);
  const fromEpochs = Math.ceil(Math.ceil(sequences / stepSequences) * (training.num_train_epochs ?? 1));
  const optimizerSteps = training.max_steps && training.max_steps > 0 ? training.max_steps : fromEpochs;
  const processedTokens = Math.round(sequenceTokens * optimizerSteps * stepSequences);
  const positions = deviceRows * (isPadded ? sequenceTokens : overflow.maxTokens);
  const trainedShare = counts.trainedTokens / Math.max(1, counts.tokens);
  const validationRows = validation?.rows ?? 0;
  const validationTokens = Math.round((validationRows * counts.tokens) / Math.max(1, train.rows));
  const rowTokens = counts.tokens / Math.max(1, train.rows);
  const evaluatedPositions = Math.min(validationRows, training.per_device_eval_batch_size ?? 8) * rowTokens;
  const saves = pauses(training.save_strategy ?? "steps", training.save_steps ?? 0.25, optimizerSteps);
  return {
    rows: train.rows,
    validationRows,
    tokens: counts.tokens,
    trainedTokens: counts.trainedTokens,
    validationTokens,
    optimizerSteps,
    processedTokens,
    processedPositions: processedTokens,
    evaluations: validationRows === 0 ? 0 : saves + 1,
    saves,
    largest: { positions, width: isPadded ? sequenceTokens : positions, trained: positions * trainedShare },
    evaluated: {
      positions: evaluatedPositions,
      width: rowTokens,
      trained: evaluatedPositions * trainedShare,
    },
    firstPositions: [],
  };
}

function pauses(strategy: "no" | "steps" | "epoch", every: number, steps: number): number {
  if (strategy === "no") return 1;
  return Math.max(1, Math.round(every < 1 ? 1 / every : steps / every));
}
