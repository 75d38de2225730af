import { ProviderError } from "../../core/errors.js";
import type { MetricsRow } from "./together-answers.js";
import type { TogetherApi } from "./together-api.js";

interface TrainMetrics {
  step: number;
  loss: number;
  learningRate: number;
  epoch: number | null;
  tokensPerSecond: number | null;
  time: string | null;
}

interface EvalMetrics {
  step: number;
  loss: number;
  time: string | null;
}

export interface JobMetrics {
  train: TrainMetrics[];
  evaluations: EvalMetrics[];
  /** Of the newest evaluation up to this step, the one before training left out. */
  validationLossAt(step: number): number | null;
  /** Before the first step. */
  initialValidationLoss: number | null;
  trainLossAt(step: number): number | null;
}

/** What the vendor has measured, in its order; nothing where it has none. */
export async function readMetrics(api: Pick<TogetherApi, "listMetrics">, id: string): Promise<JobMetrics> {
  try {
    return toMetrics(await api.listMetrics(id));
  } catch (error) {
    // They are an extra: the job and its checkpoints are told without them.
    if (error instanceof ProviderError && error.isRetryable) return toMetrics([]);
    throw error;
  }
}

function toMetrics(rows: readonly MetricsRow[]): JobMetrics {
  const train: TrainMetrics[] = [];
  const evaluations: EvalMetrics[] = [];
  for (const row of rows) {
    const step =
      number(row, "train/global_step") ?? number(row, "eval/global_step") ?? number(row, "global_step");
    const time = typeof row.logged_at === "string" ? row.logged_at : null;
    const loss = number(row, "train/loss");
    const validationLoss = number(row, "eval/loss");
    // An evaluation without a step of its own belongs to the training step listed before it.
    const at = step ?? (validationLoss === null ? null : (train.at(-1)?.step ?? 0));
    if (at === null) continue;
    if (validationLoss !== null) evaluations.push({ step: at, loss: validationLoss, time });
    if (loss === null) continue;
    train.push({
      step: at,
      loss,
      learningRate: number(row, "train/learning_rate") ?? 0,
      epoch: number(row, "train/epoch"),
      tokensPerSecond: number(row, "train/tokens_per_second"),
      time,
    });
  }
  return {
    train,
    evaluations,
    validationLossAt: (step) => lastUpTo(evaluations, step),
    initialValidationLoss: evaluations.find((row) => row.step === 0)?.loss ?? null,
    trainLossAt: (step) => lastUpTo(train, step),
  };
}

function lastUpTo(rows: readonly { step: number; loss: number }[], step: number): number | null {
  return rows.findLast((row) => row.step <= step && (row.step > 0 || step === 0))?.loss ?? null;
}

function number(row: MetricsRow, key: string): number | null {
  const value = row[key];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
