import { describe, expect, it } from "@jest/globals";
import { fakeSpec, makeFolder } from "../../../test/fake-trainer.js";
import type { JobSpec, TrainingArguments } from "../../core/job-spec.js";
import { checkLimits, withinLimits } from "./check-limits.js";
import { mapTraining } from "./map-training.js";

const folder = makeFolder();
const resources = { gpusPerNode: 2, nodes: 1, gpuTypes: [], image: "", isSpot: false };
const specOf = (training: TrainingArguments, overrides: Partial<JobSpec> = {}) =>
  fakeSpec(folder, { training, ...overrides });
const map = (training: TrainingArguments, overrides: Partial<JobSpec> = {}) =>
  mapTraining(specOf(training, overrides), resources);

describe("mapTraining", () => {
  it("says what the recipe says in the vendor's words", () => {
    const lora = { r: 16, lora_alpha: 32, lora_dropout: 0.05, target_modules: ["q_proj", "v_proj"] };
    const { data } = fakeSpec(folder);
    const { body, problems } = map(
      {
        num_train_epochs: 2,
        learning_rate: 2e-4,
        lr_scheduler_type: "cosine",
        warmup_steps: 0.05,
        weight_decay: 0.01,
        max_grad_norm: 0.5,
        per_device_train_batch_size: 1,
        gradient_accumulation_steps: 16,
        gradient_checkpointing: true,
        bf16: true,
        logging_steps: 5,
        eval_strategy: "steps",
        eval_steps: 0.25,
        save_strategy: "epoch",
        seed: 42,
      },
      { method: "lora", lora, packing: "bfd", data: { ...data, validation: "/validation.jsonl" } },
    );
    expect(problems).toEqual([]);
    expect(body).toEqual({
      n_epochs: 2,
      n_checkpoints: 2,
      n_evals: 4,
      batch_size: 32,
      learning_rate: 2e-4,
      lr_scheduler: { lr_scheduler_type: "cosine" },
      warmup_ratio: 0.05,
      max_grad_norm: 0.5,
      weight_decay: 0.01,
      random_seed: 42,
      packing: true,
      max_seq_length: 8192,
      training_method: { method: "sft", train_on_inputs: false },
      training_type: {
        type: "Lora",
        lora_r: 16,
        lora_alpha: 32,
        lora_dropout: 0.05,
        lora_trainable_modules: "q_proj,v_proj",
      },
    });
  });

  it("has no adapters that act from a marker on", () => {
    const lora = { r: 16, lora_alpha: 32, lora_dropout: 0, target_modules: "all-linear" };
    expect(map({}, { method: "alora", lora }).problems.join()).toContain("found alora");
  });

  it("does not evaluate without validation rows", () => {
    expect(map({ num_train_epochs: 1, eval_steps: 0.25 }).body.n_evals).toBe(0);
  });

  it.each<[TrainingArguments, object]>([
    [{ lr_scheduler_type: "linear" }, { lr_scheduler_type: "linear" }],
    [
      { lr_scheduler_type: "constant_with_warmup" },
      { lr_scheduler_type: "linear", lr_scheduler_args: { min_lr_ratio: 1 } },
    ],
    [
      { lr_scheduler_type: "cosine_with_min_lr", lr_scheduler_kwargs: { min_lr_rate: 0.1 } },
      { lr_scheduler_type: "cosine", lr_scheduler_args: { min_lr_ratio: 0.1, num_cycles: 0.5 } },
    ],
  ])("maps the scheduler of %j", (training, expected) => {
    expect(map(training)).toMatchObject({ body: { lr_scheduler: expected }, problems: [] });
  });

  it("names everything that the vendor cannot do, and not what is about memory alone", () => {
    const { problems } = map(
      {
        max_steps: 100,
        num_train_epochs: 1.5,
        warmup_steps: 20,
        optim: "muon",
        optim_args: "a=1",
        adam_beta2: 0.95,
        train_sampling_strategy: "group_by_length",
        lr_scheduler_type: "polynomial",
        lr_scheduler_kwargs: { power: 2 },
        fp16: true,
        loss_type: "nll",
        per_device_eval_batch_size: 4,
      },
      { overflow: { policy: "keep-end", maxTokens: 4096 } },
    );
    expect(problems.map((problem) => problem.split(":")[0])).toEqual([
      "training.max_steps",
      "training.num_train_epochs",
      "training.warmup_steps",
      "overflow.policy",
      "training.optim",
      "training.adam_beta2",
      "training.optim_args",
      "training.train_sampling_strategy",
      "training.lr_scheduler_kwargs.power",
      "training.lr_scheduler_type",
    ]);
  });
});

describe("checkLimits", () => {
  const batch = { max_batch_size: 16, min_batch_size: 8 };
  const limits = {
    max_num_epochs: 3,
    max_num_evals: 2,
    max_learning_rate: 0.01,
    min_learning_rate: 1e-6,
    lora_training: { ...batch, max_rank: 8, target_modules: ["q_proj"] },
  };

  it("names all that is beyond the model's limits", () => {
    const lora = { r: 16, lora_alpha: 8, lora_dropout: 0, target_modules: ["q_proj", "up_proj"] };
    const training = { num_train_epochs: 4, learning_rate: 1, per_device_train_batch_size: 2 };
    const spec = specOf(training, { method: "lora", lora });
    expect(checkLimits(mapTraining(spec, resources), spec, limits)).toEqual([
      "training.num_train_epochs: at most 3, found 4",
      "training.learning_rate: 0.000001 to 0.01, found 1",
      expect.stringContaining("8 to 16 rows a step, found 4"),
      "lora.r: at most 8, found 16",
      "lora.target_modules: q_proj or all-linear, found up_proj",
    ]);
  });

  it("knows models that take adapters only", () => {
    const spec = specOf({});
    expect(checkLimits(mapTraining(spec, resources), spec, limits)).toEqual([
      "method: it has no full for this model",
    ]);
  });

  it("evaluates as often as the model may be", () => {
    expect(withinLimits({ n_evals: 4 }, limits)).toEqual({ n_evals: 2 });
  });
});
