import { describe, expect, it } from "@jest/globals";
import { createManifest } from "../../test/dataset-fixture.js";
import { estimateJob } from "./estimate.js";
import { parseRecipe } from "./load-recipe.js";
import { resolveJob } from "./resolve-job.js";
import { resolveResources } from "./resolve-resources.js";

function estimate(recipe: string, rows = 100) {
  const loaded = parseRecipe(`name: a\n${recipe}`, "a.yaml");
  const counts = { tokens: 300 * rows, trainedTokens: 30 * rows, basis: "counted" as const };
  const job = resolveJob(loaded, "backbone");
  return estimateJob({
    job,
    manifest: createManifest(rows),
    counts,
    gpu: resolveResources(loaded.recipe).gpuTypes[0],
  });
}

describe("estimateJob", () => {
  it("counts optimizer steps over devices, accumulation and epochs", () => {
    const text =
      "model: m-7b\ntraining: {per_device_train_batch_size: 3, gradient_accumulation_steps: 2, num_train_epochs: 2}\n";
    expect(estimate(text).optimizerSteps).toBe(2 * Math.ceil(100 / 6));
    expect(estimate(`${text}resources: {gpus: 4}\n`).optimizerSteps).toBe(2 * Math.ceil(100 / 24));
  });

  it("counts packed sequences, not rows, where rows are packed", () => {
    const text =
      "model: m-7b\npacking: bfd\noverflow: {max_tokens: 3000}\ntraining: {per_device_train_batch_size: 1}\n";
    expect(estimate(text).optimizerSteps).toBe(10);
  });

  it("takes max_steps over epochs", () => {
    expect(estimate("model: m-7b\ntraining: {max_steps: 7}\n").optimizerSteps).toBe(7);
  });

  it("puts full fine-tuning of 7 B parameters on one device at more than 108 GB, adapters below 24 GB", () => {
    const full = estimate("model: org/m-7b-chat\n");
    expect(full.parameters).toBe(7e9);
    expect(full.peakMemoryBytes).toBeGreaterThan(108e9);
    const lora = "method: lora\nlora: {r: 8, lora_alpha: 16, lora_dropout: 0, target_modules: all-linear}\n";
    expect(
      estimate(`model: org/m-7b\n${lora}training: {gradient_checkpointing: true}\n`).peakMemoryBytes,
    ).toBeLessThan(24e9);
  });

  it("says nothing of memory and time where the size of the model is unknown", () => {
    expect(estimate("model: my-model\n")).toMatchObject({
      parameters: null,
      peakMemoryBytes: null,
      seconds: null,
    });
  });
});
