import { z } from "zod";
import { FileHash } from "./dataset-manifest.js";
import { PACKINGS, QUANTIZATIONS } from "./job-spec.js";
import { SUBSETS } from "./roles.js";

/** `checkpoint.json`, written last and atomically: a folder without it is not a checkpoint. Paths are relative to the folder. */
export const CheckpointManifest = z.object({
  version: z.literal(1),
  /** `<subset>-<globalStep>-<first 8 of the SHA-256 over jobKey and hash, joined>`: equal weights of two jobs are two checkpoints. */
  id: z.string(),
  /** SHA-256 over path and SHA-256 of `files`, in order of path; where there is an `origin`, over that. */
  hash: z.string(),
  kind: z.enum(["full", "adapter"]),
  /** What the base below the adapter was held in while it was trained; the adapter fits the base as it is. */
  quantization: z.enum(QUANTIZATIONS).nullable().default(null),
  stage: z.union([z.literal(1), z.literal(2)]),
  subset: z.enum(SUBSETS),
  globalStep: z.int().nonnegative(),
  /** The job's best checkpoint when this one was saved; where that is gone, a redo does not go on from this one. */
  bestStep: z.int().nonnegative(),
  jobId: z.string(),
  jobKey: z.string(),
  recipe: z.object({ name: z.string(), sha256: z.string() }),
  baseModel: z.string(),
  /** Made by a vendor's own training: what the vendor calls it. `files` is empty until it was pulled. */
  origin: z.object({ provider: z.string(), checkpoint: z.string() }).nullable().default(null),
  parent: z.object({ id: z.string(), hash: z.string() }).nullable(),
  dataHash: z.string(),
  profileHash: z.string(),
  /** The tokenizer's own token that stands where rows have the profile's `endOfTurn`. */
  endOfTurnToken: z.string(),
  metrics: z.object({
    /** Mean nats per trained token on the subset's validation rows; null without validation rows. */
    validationLoss: z.number().nullable(),
    /** The same before the first optimizer step: what the parent scores on this subset. */
    initialValidationLoss: z.number().nullable(),
    trainLoss: z.number().nullable(),
  }),
  /** How the rows were laid out; null where that is not known. */
  packing: z
    .object({
      packing: z.enum(PACKINGS),
      /** `plain`: the model's own; `segments`, `varlen`, `mask`: ours for trees. */
      attention: z.string(),
      /** Why it is not what the recipe asks for. */
      reason: z.string().nullable(),
      /** Trees against separate rows before training: relative differences of loss and gradient. */
      check: z.object({ loss: z.number(), gradient: z.number(), dtype: z.string() }).nullable(),
    })
    .nullable()
    .default(null),
  versions: z.record(z.string(), z.string()),
  /** Weights, tokenizer, configuration, profile. */
  files: z.array(FileHash),
  /** Optimizer, scheduler, random states; present while the job may still resume from here. */
  resumeFiles: z.array(FileHash),
});
export type CheckpointManifest = z.infer<typeof CheckpointManifest>;
