import type { JobSpec, TrainingArguments } from "../../core/job-spec.js";
import type { Resources } from "../../core/resources.js";

export interface MappedTraining {
  /** Fields of the vendor's request. */
  body: Record<string, unknown>;
  /** Each setting that the vendor does not have, as a sentence. */
  problems: string[];
}

/** Settings that change the weights and that the vendor chooses itself. */
const ITS_OWN = ["adam_beta1", "adam_beta2", "adam_epsilon", "optim_args"] as const;
/** The vendor does not say which optimizer it uses; it takes AdamW's settings. */
const ITS_OPTIMIZERS = ["adamw_torch", "adamw_torch_fused"];

/**
 * Our hyperparameters in the vendor's words. What is about memory and reporting alone (precision, gradient
 * checkpointing, evaluation batches, logging) is left to the vendor; what decides the weights is mapped or refused.
 */
export function mapTraining(spec: JobSpec, resources: Resources): MappedTraining {
  const { training, packing, overflow } = spec;
  const problems = [...refuseLength(spec), ...refuseOptimizer(training)];
  if (spec.quantization !== null) problems.push("quantization: it trains on a base of its own precision");
  const scheduler = mapScheduler(training, problems);
  const epochs = training.num_train_epochs ?? 1;
  const evaluations = spec.data.validation === null ? 0 : countPerRun(training, "eval", epochs);
  const body = {
    n_epochs: epochs,
    n_checkpoints: countPerRun(training, "save", epochs) || 1,
    n_evals: evaluations,
    batch_size: mapBatch(training, resources),
    ...(training.learning_rate === undefined ? {} : { learning_rate: training.learning_rate }),
    lr_scheduler: scheduler,
    warmup_ratio: training.warmup_steps ?? 0,
    ...(training.max_grad_norm === undefined ? {} : { max_grad_norm: training.max_grad_norm }),
    weight_decay: training.weight_decay ?? 0,
    ...(training.seed === undefined ? {} : { random_seed: training.seed }),
    packing: packing !== "none",
    max_seq_length: overflow.maxTokens,
    training_method: { method: "sft", train_on_inputs: false },
    training_type: mapType(spec, problems),
  };
  return { body, problems };
}

function refuseLength({ training, overflow }: JobSpec): string[] {
  const problems: string[] = [];
  const { num_train_epochs: epochs = 1, max_steps: steps, warmup_steps: warmup = 0 } = training;
  if (steps !== undefined && steps > 0) problems.push("training.max_steps: it counts epochs only");
  if (!Number.isInteger(epochs)) {
    problems.push(`training.num_train_epochs: it takes whole epochs, found ${epochs}`);
  }
  if (warmup >= 1) {
    problems.push(`training.warmup_steps: it takes a share of all steps (below 1), found ${warmup}`);
  }
  if (overflow.policy === "keep-end") {
    problems.push("overflow.policy: keep-end cuts the beginning of long rows, which it cannot");
  }
  return problems;
}

function refuseOptimizer(training: TrainingArguments): string[] {
  const problems: string[] = [];
  if (training.optim !== undefined && !ITS_OPTIMIZERS.includes(training.optim)) {
    problems.push(`training.optim: the optimizer is its own choice, found ${training.optim}`);
  }
  for (const key of ITS_OWN) {
    if (training[key] !== undefined) problems.push(`training.${key}: it has no such setting`);
  }
  if (training.train_sampling_strategy !== undefined && training.train_sampling_strategy !== "random") {
    problems.push(`training.train_sampling_strategy: it draws rows at random`);
  }
  return problems;
}

/** Arguments that are the vendor's defaults are left out: as specified, they would match two schemas at once. */
function mapScheduler(training: TrainingArguments, problems: string[]): object {
  const { lr_scheduler_type: type = "linear", lr_scheduler_kwargs: given = {} } = training;
  const allowed: Record<string, string[]> = {
    cosine: ["num_cycles"],
    cosine_with_min_lr: ["num_cycles", "min_lr_rate"],
  };
  for (const key of Object.keys(given)) {
    if (allowed[type]?.includes(key) && typeof given[key] === "number") continue;
    problems.push(`training.lr_scheduler_kwargs.${key}: it has no such setting for ${type}`);
  }
  switch (type) {
    case "linear":
      return { lr_scheduler_type: "linear" };
    // A line from the full rate to the full rate.
    case "constant":
    case "constant_with_warmup":
      return { lr_scheduler_type: "linear", lr_scheduler_args: { min_lr_ratio: 1 } };
    case "cosine":
    case "cosine_with_min_lr": {
      const args = { min_lr_ratio: given.min_lr_rate ?? 0, num_cycles: given.num_cycles ?? 0.5 };
      const isDefault = args.min_lr_ratio === 0 && args.num_cycles === 0.5;
      return { lr_scheduler_type: "cosine", ...(isDefault ? {} : { lr_scheduler_args: args }) };
    }
    default:
      problems.push(`training.lr_scheduler_type: it has linear, cosine and constant ones, found ${type}`);
      return { lr_scheduler_type: "linear" };
  }
}

/** Rows of an optimizer step, over all the GPUs that the recipe thinks of. */
function mapBatch(training: TrainingArguments, { gpusPerNode, nodes }: Resources): number | "max" {
  const { per_device_train_batch_size: size, gradient_accumulation_steps: accumulation = 1 } = training;
  if (size === undefined) return "max";
  return size * accumulation * Math.max(1, gpusPerNode) * nodes;
}

/** How often in a run: from a share of all steps; where the recipe counts steps, whose number is not known, once an epoch. */
function countPerRun(training: TrainingArguments, what: "eval" | "save", epochs: number): number {
  const strategy = training[`${what}_strategy`];
  const steps = training[`${what}_steps`];
  if (strategy === "no") return 0;
  if (strategy !== "epoch" && steps !== undefined && steps < 1) return Math.round(1 / steps);
  return Math.max(1, Math.ceil(epochs));
}

function mapType({ method, lora }: JobSpec, problems: string[]): object {
  if (method === "full") return { type: "Full" };
  if (method === "alora")
    problems.push("method: it has full and lora, found alora, adapters that act from a marker on");
  if (lora === null) {
    problems.push("lora: r and lora_alpha are missing");
    return { type: "Lora" };
  }
  const { r, lora_alpha, lora_dropout, target_modules } = lora;
  if (!Number.isInteger(lora_alpha)) {
    problems.push(`lora.lora_alpha: it takes whole numbers, found ${lora_alpha}`);
  }
  const modules = typeof target_modules === "string" ? target_modules : target_modules.join(",");
  return { type: "Lora", lora_r: r, lora_alpha, lora_dropout, lora_trainable_modules: modules };
}
