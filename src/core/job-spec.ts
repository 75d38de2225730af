import { z } from "zod";
import { METHODS } from "./methods.js";
import { SHARDINGS } from "./resources.js";
import { JOB_SUBSETS, ROLES } from "./roles.js";

/** What Transformers knows (`SchedulerType`). */
const SCHEDULERS = [
  "linear",
  "cosine",
  "cosine_with_restarts",
  "cosine_with_min_lr",
  "cosine_warmup_with_min_lr",
  "polynomial",
  "constant",
  "constant_with_warmup",
  "inverse_sqrt",
  "reduce_lr_on_plateau",
  "warmup_stable_decay",
  "greedy",
] as const;

/** Of what Transformers knows (`OptimizerNames`), what needs no package of its own or bitsandbytes alone; and ours. */
const OPTIMIZERS = [
  "muon",
  "adamw_torch",
  "adamw_torch_fused",
  "adafactor",
  "sgd",
  "adagrad",
  "rmsprop",
  "adamw_8bit",
  "adamw_bnb_8bit",
  "paged_adamw_8bit",
  "paged_adamw_32bit",
  "ademamix_8bit",
  "lion_8bit",
  "lion_32bit",
  "paged_lion_8bit",
  "paged_lion_32bit",
] as const;

/** Hyperparameters under TRL's own names (`SFTConfig`); the trainer passes them on unchanged. */
export const TrainingArguments = z.strictObject({
  num_train_epochs: z.number().positive().optional(),
  max_steps: z.int().optional(),
  learning_rate: z.number().positive().optional(),
  lr_scheduler_type: z.enum(SCHEDULERS).optional(),
  lr_scheduler_kwargs: z.record(z.string(), z.unknown()).optional(),
  /** Below 1: a share of all optimizer steps. */
  warmup_steps: z.number().nonnegative().optional(),
  weight_decay: z.number().nonnegative().optional(),
  adam_beta1: z.number().optional(),
  adam_beta2: z.number().optional(),
  adam_epsilon: z.number().positive().optional(),
  max_grad_norm: z.number().nonnegative().optional(),
  /** A TRL optimizer name, or `muon`, which is torch's Muon for the matrices, AdamW for embeddings and norms. */
  optim: z.enum(OPTIMIZERS).optional(),
  optim_args: z.string().optional(),
  per_device_train_batch_size: z.int().positive().optional(),
  per_device_eval_batch_size: z.int().positive().optional(),
  gradient_accumulation_steps: z.int().positive().optional(),
  gradient_checkpointing: z.boolean().optional(),
  train_sampling_strategy: z.enum(["random", "sequential", "group_by_length"]).optional(),
  bf16: z.boolean().optional(),
  fp16: z.boolean().optional(),
  /** Where not given, `chunked_nll`; with `use_liger_kernel`, `nll`. */
  loss_type: z.enum(["nll", "chunked_nll"]).optional(),
  /** Triton kernels for norms, rotary positions and the loss; needs a GPU, and `liger-kernel`. */
  use_liger_kernel: z.boolean().optional(),
  torch_compile: z.boolean().optional(),
  logging_steps: z.number().positive().optional(),
  eval_strategy: z.enum(["no", "steps", "epoch"]).optional(),
  eval_steps: z.number().positive().optional(),
  save_strategy: z.enum(["no", "steps", "epoch"]).optional(),
  save_steps: z.number().positive().optional(),
  seed: z.int().nonnegative().optional(),
});
export type TrainingArguments = z.infer<typeof TrainingArguments>;

/** PEFT's own names (`LoraConfig`). */
export const LoraArguments = z.strictObject({
  r: z.int().positive().default(16),
  lora_alpha: z.number().positive().default(32),
  lora_dropout: z.number().min(0).max(1).default(0.05),
  target_modules: z.union([z.string(), z.array(z.string()).min(1)]).default("all-linear"),
});
export type LoraArguments = z.infer<typeof LoraArguments>;

export const Overflow = z.strictObject({
  /** `full`: keep rows whole up to maxTokens and drop longer ones; `keep-end`: cut the beginning; `drop`: alias of full with the model's own limit. */
  policy: z.enum(["full", "keep-end", "drop"]),
  maxTokens: z.int().positive(),
});
export type Overflow = z.infer<typeof Overflow>;

/** bitsandbytes' 4-bit types (`bnb_4bit_quant_type`), for a base that only adapters learn on. */
export const QUANTIZATIONS = ["nf4"] as const;

/**
 * What a row costs. `tree`: the rows of one trajectory share what they have in common; where the model cannot have
 * that, the trainer takes `bfd`. `bfd`: rows in one line, nothing padded. `none`: padded rows.
 */
export const PACKINGS = ["tree", "bfd", "none"] as const;

const JobData = z.object({
  /** Absolute paths of JSONL files of examples. */
  train: z.string(),
  validation: z.string().nullable(),
  profile: z.string(),
  /** The data set manifest's hash. */
  hash: z.string(),
  /** Of the three files; the trainer refuses others. */
  sha256: z.object({ train: z.string(), validation: z.string().nullable(), profile: z.string() }),
});

/** One role of a job that trains several: what it has of its own. */
export const JobPart = z.strictObject({
  subset: z.enum(ROLES),
  /** The key that a job of this role alone would have, where the result is the same: not where it trains with others. */
  jobKey: z.string(),
  data: JobData,
  training: TrainingArguments,
});
export type JobPart = z.infer<typeof JobPart>;

/** What to train, not which command: a provider turns it into the trainer's command or its own request. The trainer reads it as `job.json`. */
export const JobSpec = z.strictObject({
  version: z.literal(1),
  jobId: z.string(),
  runId: z.string(),
  recipe: z.object({ name: z.string(), sha256: z.string() }),
  /** Equal keys mean equal results: a hash over everything here that decides the weights. */
  jobKey: z.string(),
  stage: z.union([z.literal(1), z.literal(2)]),
  subset: z.enum(JOB_SUBSETS),
  /** `tiny`, `tiny-scratch`, a Hugging Face id, or a folder; in stage 2 the parent checkpoint's folder, or its job's (see `parent`). */
  model: z.string(),
  /** The recipe's base model, from which the backbone came. */
  baseModel: z.string(),
  /**
   * The stage-1 checkpoint that stage 2 continues from. Without `id` and `hash` its job has not ended yet: `model` is
   * then that job's folder, and the trainer takes the best checkpoint that its `done` event names.
   */
  parent: z
    .object({
      /** The job that made it; null where the user named a folder. */
      jobId: z.string().nullable(),
      id: z.string().nullable(),
      hash: z.string().nullable(),
    })
    .nullable(),
  data: JobData,
  method: z.enum(METHODS),
  lora: LoraArguments.nullable(),
  /** What the frozen base below an adapter is held in. */
  quantization: z.enum(QUANTIZATIONS).nullable().default(null),
  /** Null where one process trains. */
  sharding: z.enum(SHARDINGS).nullable().default(null),
  packing: z.enum(PACKINGS),
  overflow: Overflow,
  training: TrainingArguments,
  /** The job ends itself after so many seconds. */
  deadlineSeconds: z.int().positive(),
  /** Where events, log and checkpoints go. Absolute. */
  outputDir: z.string(),
  /**
   * Several roles on one frozen base in one process, one after the other or, with `alora`, together: `subset` is
   * `roles` then, and `data` and `training` above are the first part's.
   */
  parts: z.array(JobPart).min(2).optional(),
});
export type JobSpec = z.infer<typeof JobSpec>;

/** What a job trains, each as if it were the whole job: its parts, or itself. */
export function partsOf({ parts, ...spec }: JobSpec): JobSpec[] {
  return parts === undefined ? [spec] : parts.map((part) => ({ ...spec, ...part }));
}
