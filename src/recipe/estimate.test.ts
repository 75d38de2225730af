import { describe, expect, it } from "@jest/globals";
import { createManifest } from "../../test/dataset-fixture.js";
import { estimateJob } from "./estimate.js";
import { estimateMemory } from "./estimate-memory.js";
import { parseRecipe } from "./load-recipe.js";
import { readShape } from "./model-shape.js";
import { resolveJob } from "./resolve-job.js";
import { resolveResources } from "./resolve-resources.js";
import { guessWork } from "./work-plan.js";

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

  it("counts a step in rows, whatever the packing", () => {
    const steps = (packing: string) =>
      estimate(`model: m-7b\npacking: ${packing}\ntraining: {per_device_train_batch_size: 8}\n`)
        .optimizerSteps;
    expect([steps("none"), steps("bfd"), steps("tree")]).toEqual([13, 13, 13]);
  });

  it("takes max_steps over epochs", () => {
    expect(estimate("model: m-7b\ntraining: {max_steps: 7}\n").optimizerSteps).toBe(7);
  });

  it("puts full fine-tuning of 7 B parameters on one device at more than 108 GB, adapters below 24 GB", () => {
    const onGpu = "resources: {gpus: 1, gpu: a100-80gb}\n";
    const full = estimate(`model: org/m-7b-chat\n${onGpu}`);
    expect(full.parameters).toBe(7e9);
    expect(full.peakMemoryBytes).toBeGreaterThan(108e9);
    const lora = "method: lora\nlora: {r: 8, lora_alpha: 16, lora_dropout: 0, target_modules: all-linear}\n";
    expect(estimate(`model: org/m-7b\n${lora}${onGpu}`).peakMemoryBytes).toBeLessThan(24e9);
    const light = estimate(`model: org/m-7b\n${lora}quantization: nf4\n${onGpu}`).peakMemoryBytes;
    expect(light).toBeLessThan(12e9);
  });

  // Processes that were run: docs/estimates.md has more of them.
  it.each([
    ["full", {}, 1464, 415, 1398e6],
    ["lora", {}, 1464, 415, 1519e6],
    ["full", { gradient_checkpointing: true }, 1148, 301, 1049e6],
  ] as const)(
    "is within 15 %% of what a process took: %s, %j",
    (method, training, positions, trained, found) => {
      const loaded = parseRecipe("name: a\nmodel: m\npacking: none\n", "a.yaml");
      const lora = { r: 8, lora_alpha: 16, lora_dropout: 0.05, target_modules: "all-linear" };
      const job = {
        ...resolveJob(loaded, "backbone"),
        method,
        lora: method === "lora" ? lora : null,
        training,
      };
      const shape = readShape({
        ...{ num_hidden_layers: 10, hidden_size: 384, num_attention_heads: 6, intermediate_size: 1152 },
        ...{ vocab_size: 1280, tie_word_embeddings: false },
      });
      if (shape === null) throw new Error("no shape");
      expect(shape.parameters).toBe(20_160_384);
      const batch = { positions, places: 0, trained };
      const manifest = createManifest(100);
      const counts = { tokens: 100, trainedTokens: 10, basis: "counted" as const };
      const work = guessWork({ job, manifest, counts });
      const request = {
        job,
        shape,
        work: { ...work, processedPositions: 0, largest: batch, evaluated: batch },
      };
      const predicted = estimateMemory({ ...request, hasBf16: true });
      expect(Math.abs(predicted / found - 1)).toBeLessThan(0.15);
    },
  );

  it("takes what was measured over what is computed, and scales it by the tokens", () => {
    const loaded = parseRecipe("name: a\nmodel: tiny\ntraining: {max_steps: 100}\n", "a.yaml");
    const counts = { tokens: 30_000, trainedTokens: 3000, basis: "counted" as const };
    const measured = { startSeconds: 10, secondsPerStep: 2, positionsPerStep: 600, secondsPerSave: 0 };
    const calibration = {
      ...{ ...measured, secondsPerValidationToken: 0, peakMemoryBytes: 5e9, source: "measured here" },
    };
    const job = resolveJob(loaded, "backbone");
    const found = estimateJob({ job, manifest: createManifest(100), counts, gpu: undefined, calibration });
    expect(found).toMatchObject({ peakMemoryBytes: 5e9, seconds: 10 + (2 * found.processedPositions) / 600 });
    expect(found.basis).toContain("measured here");
  });

  it("says no time for a GPU that is not known, and which one it goes by where none is named", () => {
    const on = (gpu: string) => estimate(`model: m-7b\nresources: {gpus: 1${gpu}}\n`);
    const unknown = on(", gpu: tpu-v5");
    expect(unknown).toMatchObject({ seconds: null, peakMemoryBytes: on(", gpu: h100").peakMemoryBytes });
    expect(unknown.basis).toMatch(/: ±40 %; no time: nothing is known here of the GPU tpu-v5$/);
    const assumed = on("");
    expect(assumed.seconds).toBe(on(", gpu: a100-80gb").seconds);
    expect(assumed.basis).toMatch(/, on a100-80gb: the recipe names no GPU$/);
    expect(on(", gpu: h100").basis).toMatch(/name, ±40 %$/);
  });

  it("says nothing of memory and time where the size of the model is unknown", () => {
    expect(estimate("model: my-model\n")).toMatchObject({
      parameters: null,
      peakMemoryBytes: null,
      seconds: null,
    });
  });
});
