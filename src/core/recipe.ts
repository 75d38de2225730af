import { z } from "zod";
import { LoraArguments, PACKINGS, QUANTIZATIONS, TrainingArguments } from "./job-spec.js";
import { METHODS } from "./methods.js";
import { ProviderSettings } from "./provider-settings.js";
import { RecipeResources } from "./resources.js";

const Method = z.enum(METHODS);

const RoleSettings = z.strictObject({
  /** A base model of the role's own; its backbone is the stage-1 checkpoint of that base. */
  model: z.string().min(1).optional(),
  training: TrainingArguments.optional(),
});

/** What to train and with which hyperparameters; where it runs stands apart, in `resources` and `provider`. */
export const Recipe = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/, "lower-case letters, digits, dots and dashes"),
  description: z.string().optional(),
  /** `tiny`, `tiny-scratch`, a Hugging Face id, or a folder (relative to the working folder). */
  model: z.string().min(1),
  seed: z.int().nonnegative().default(0),
  method: Method.default("full"),
  lora: LoraArguments.optional(),
  /** Holds the base below the adapters in 4 bits (QLoRA). */
  quantization: z.enum(QUANTIZATIONS).optional(),
  packing: z.enum(PACKINGS).default("tree"),
  overflow: z
    .strictObject({
      policy: z.enum(["full", "keep-end", "drop"]).default("full"),
      max_tokens: z.int().positive().default(8192),
    })
    .prefault({}),
  /** For both stages; a stage's own values come first, a role's before those. */
  training: TrainingArguments.prefault({}),
  stages: z
    .strictObject({ backbone: TrainingArguments.prefault({}), role: TrainingArguments.prefault({}) })
    .prefault({}),
  roles: z
    .strictObject({
      planner: RoleSettings.optional(),
      caller: RoleSettings.optional(),
      summarizer: RoleSettings.optional(),
    })
    .prefault({}),
  resources: RecipeResources.prefault({}),
  /** Where it runs; of several the first that is ready and has room. */
  provider: z.union([z.string(), z.array(z.string()).min(1)]).default("local"),
  providers: ProviderSettings.prefault({}),
});
export type Recipe = z.infer<typeof Recipe>;
