import { type JobSpec, LoraArguments, type Overflow, type TrainingArguments } from "../core/job-spec.js";
import type { Subset } from "../core/roles.js";
import { ROLES } from "../core/roles.js";
import { chooseSharding } from "./choose-sharding.js";
import type { LoadedRecipe } from "./load-recipe.js";

/** What one subset's job is trained with, and where each value comes from (dotted key to place). */
export interface ResolvedJob {
  stage: 1 | 2;
  subset: Subset;
  baseModel: string;
  method: JobSpec["method"];
  lora: LoraArguments | null;
  quantization: JobSpec["quantization"];
  sharding: JobSpec["sharding"];
  packing: JobSpec["packing"];
  overflow: Overflow;
  training: TrainingArguments;
  /** Of all nodes. */
  gpus: number;
  deadlineSeconds: number;
  sources: Record<string, string>;
}

/** Ours, where a recipe is silent. What depends on the machine (bf16, gradient checkpointing) is the trainer's to choose. */
const DEFAULT_TRAINING: TrainingArguments = {
  num_train_epochs: 1,
  learning_rate: 2e-5,
  lr_scheduler_type: "cosine",
  warmup_steps: 0.05,
  per_device_train_batch_size: 4,
  per_device_eval_batch_size: 8,
  gradient_accumulation_steps: 1,
  logging_steps: 10,
  eval_strategy: "steps",
  eval_steps: 0.25,
  save_strategy: "steps",
  save_steps: 0.25,
};

/** The settings of one subset's job: defaults, then the recipe, its stage, its role, each with its source. */
export function resolveJob(loaded: LoadedRecipe, subset: Subset, model?: string): ResolvedJob {
  const { recipe } = loaded;
  const role = subset === "backbone" ? undefined : recipe.roles[subset];
  const { training, sources } = resolveTraining(loaded, subset);
  const trained = {
    baseModel: model ?? role?.model ?? recipe.model,
    // Stage 2 needs the backbone's adapter merged into the base, which one that acts on some tokens only cannot be.
    method: recipe.method === "alora" && subset === "backbone" ? ("lora" as const) : recipe.method,
    quantization: recipe.method === "full" ? null : (recipe.quantization ?? null),
    training,
  };
  return {
    ...trained,
    stage: subset === "backbone" ? 1 : 2,
    subset,
    lora: recipe.method === "full" ? null : (recipe.lora ?? LoraArguments.parse({})),
    sharding: chooseSharding(trained, recipe.resources),
    packing: recipe.packing,
    overflow: { policy: recipe.overflow.policy, maxTokens: recipe.overflow.max_tokens },
    gpus: recipe.resources.gpus * recipe.resources.nodes,
    deadlineSeconds: Math.ceil(recipe.resources.max_hours * 3600),
    sources: { ...sources, ...plainSources(loaded, subset) },
  };
}

/** Defaults, then both stages' values, the stage's, the role's, and what `--set` says: the last one counts. */
function resolveTraining({ recipe, sources: given, path }: LoadedRecipe, subset: Subset) {
  const stageKey = subset === "backbone" ? "backbone" : "role";
  const role = subset === "backbone" ? undefined : recipe.roles[subset];
  const layers: [string, TrainingArguments][] = [
    ["training", recipe.training],
    [`stages.${stageKey}`, recipe.stages[stageKey]],
    [`roles.${subset}.training`, role?.training ?? {}],
  ];
  const training: Record<string, unknown> = { ...DEFAULT_TRAINING, seed: recipe.seed };
  const sources: Record<string, string> = {};
  for (const key of Object.keys(training)) sources[`training.${key}`] = "default";
  sources["training.seed"] = given.get("seed") ?? "default";
  const values = layers.flatMap(([prefix, layer]) =>
    Object.entries(layer).map(([key, value]) => {
      return { key, value, source: given.get(`${prefix}.${key}`) ?? `${path} (${prefix})` };
    }),
  );
  // What was said on the command line counts more than what the file says of a stage or a role.
  const said = values.filter(({ source }) => source === "--set");
  for (const { key, value, source } of [...values, ...said]) {
    training[key] = value;
    sources[`training.${key}`] = source;
  }
  // Optimizer steps and epochs are two ways to say how long: the one that was given wins over our default.
  if (training.max_steps !== undefined && sources["training.num_train_epochs"] === "default") {
    delete training.num_train_epochs;
    delete sources["training.num_train_epochs"];
  }
  return { training: training as TrainingArguments, sources };
}

const PLAIN_KEYS = [
  "model",
  "method",
  "quantization",
  "packing",
  "overflow.policy",
  "overflow.max_tokens",
  "provider",
  "resources.gpus",
  "resources.nodes",
  "resources.sharding",
  "resources.max_hours",
];

function plainSources({ sources: given }: LoadedRecipe, subset: Subset): Record<string, string> {
  const sources = Object.fromEntries(PLAIN_KEYS.map((key) => [key, given.get(key) ?? "default"]));
  const ownModel = given.get(`roles.${subset}.model`);
  return ownModel === undefined ? sources : { ...sources, model: ownModel };
}

/** The base models a recipe needs a backbone of, the recipe's own first. */
export function backboneModels(loaded: LoadedRecipe): string[] {
  const { recipe } = loaded;
  const ownModels = ROLES.flatMap((role) => recipe.roles[role]?.model ?? []);
  return [...new Set([recipe.model, ...ownModels])];
}
