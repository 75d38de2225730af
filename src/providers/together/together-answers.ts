import { z } from "zod";

/*
 * What is read of the vendor's answers; everything else may be as it likes. Words of an enumeration are plain text
 * here: one that is not known has to get through.
 */

export const FineTune = z.object({
  /** `ft-…`, although the specification calls it a UUID. */
  id: z.string().min(1),
  status: z.string(),
  suffix: z.string().nullish(),
  model_output_name: z.string().nullish(),
  created_at: z.string().nullish(),
  updated_at: z.string().nullish(),
  n_epochs: z.number().nullish(),
  /** In billionths of a dollar, as the vendor's own clients read it; the specification names no unit. */
  total_price: z.number().nullish(),
  progress: z.object({ estimate_available: z.boolean(), seconds_remaining: z.number() }).nullish(),
});
export type FineTune = z.infer<typeof FineTune>;

export const FineTuneList = z.object({ data: z.array(FineTune).nullish() });

export const VendorEvent = z.object({
  created_at: z.string(),
  level: z.string().nullish(),
  message: z.string(),
  type: z.string(),
  step: z.number().nullish(),
  total_steps: z.number().nullish(),
  hash: z.string().nullish(),
});
export type VendorEvent = z.infer<typeof VendorEvent>;

export const VendorEventList = z.object({ data: z.array(VendorEvent).nullish() });

/** `train/loss`, `train/global_step`, `eval/loss`… */
export const Metrics = z.object({
  metrics: z.array(z.record(z.string(), z.union([z.number(), z.string(), z.null()]))).nullish(),
});
export type MetricsRow = NonNullable<z.infer<typeof Metrics>["metrics"]>[number];

export const VendorCheckpoint = z.object({
  step: z.int().nonnegative(),
  created_at: z.string(),
  /** `Intermediate`, `Final Merged`, `Final Adapter`…: as seen in the vendor's clients, not specified. */
  checkpoint_type: z.string(),
});
export type VendorCheckpoint = z.infer<typeof VendorCheckpoint>;

export const VendorCheckpointList = z.object({ data: z.array(VendorCheckpoint).nullish() });

export const VendorFile = z.object({
  id: z.string().min(1),
  filename: z.string(),
  bytes: z.number().nullish(),
  Processed: z.boolean().nullish(),
  /** Not specified, but sent: how far the vendor's check is, and what it found. */
  processing_status: z.string().nullish(),
  validation_report: z.object({ error: z.string().nullish() }).nullish(),
});
export type VendorFile = z.infer<typeof VendorFile>;

export const VendorFileList = z.object({ data: z.array(VendorFile).nullish() });

export const PriceEstimate = z.object({
  estimated_total_price: z.number().nullish(),
  allowed_to_proceed: z.boolean().nullish(),
  user_limit: z.number().nullish(),
  estimated_train_token_count: z.number().nullish(),
});
export type PriceEstimate = z.infer<typeof PriceEstimate>;

const BatchLimits = z.object({ max_batch_size: z.number(), min_batch_size: z.number() });

export const ModelLimits = z.object({
  max_num_epochs: z.number(),
  max_num_evals: z.number(),
  max_learning_rate: z.number(),
  min_learning_rate: z.number(),
  full_training: BatchLimits.nullish(),
  lora_training: BatchLimits.extend({ max_rank: z.number(), target_modules: z.array(z.string()) }).nullish(),
});
export type ModelLimits = z.infer<typeof ModelLimits>;
