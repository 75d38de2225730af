import { describe, expect, it } from "@jest/globals";
import { MllmError } from "../core/errors.js";
import { parseRecipe } from "./load-recipe.js";

function mistakesOf(text: string, assignments: string[] = []): string {
  try {
    parseRecipe(text, "r.yaml", assignments);
  } catch (error) {
    if (error instanceof MllmError) return error.message;
    throw error;
  }
  throw new Error("the recipe was accepted");
}

describe("parseRecipe", () => {
  it("fills in defaults and keeps where each value stands", () => {
    const { recipe, sources } = parseRecipe(
      "name: a\nmodel: tiny\nstages:\n  role:\n    learning_rate: 1e-3\n",
      "r.yaml",
    );
    expect(recipe.method).toBe("full");
    expect(recipe.overflow).toEqual({ policy: "full", max_tokens: 8192 });
    expect(sources.get("stages.role.learning_rate")).toBe("r.yaml:5");
  });

  it("shows all mistakes at once, each with line, key, expectation, finding and the nearest known key", () => {
    const text =
      "name: a\nmodel: tiny\nmetod: lora\nstages:\n  role:\n    lerning_rate: 1\n    weight_decay: heavy\n";
    const message = mistakesOf(text);
    expect(message).toContain("3 mistakes");
    expect(message).toMatch(
      /r\.yaml:3: metod: expected a known key; found the unknown key metod \(did you mean method\?\)/,
    );
    expect(message).toMatch(/r\.yaml:6: stages\.role\.lerning_rate: .*did you mean learning_rate\?/);
    expect(message).toMatch(
      /r\.yaml:7: stages\.role\.weight_decay: expected a number; found "heavy" \(string\)/,
    );
  });

  it("names the line of broken YAML", () => {
    expect(mistakesOf("name: a\nmodel: [tiny\n")).toMatch(/r\.yaml:\d+: not YAML/);
  });

  it("refuses what is not a map", () => {
    expect(mistakesOf("- a\n")).toContain("expected a recipe (a map of keys), found list");
  });

  it("fills in what a recipe does not say of its adapters", () => {
    const { recipe } = parseRecipe("name: a\nmodel: x\nmethod: lora\nlora: {r: 8}\n", "r.yaml");
    const others = { lora_alpha: 32, lora_dropout: 0.05, target_modules: "all-linear" };
    expect(recipe.lora).toEqual({ r: 8, ...others });
  });

  it("applies assignments before validating and remembers them as the source", () => {
    const loaded = parseRecipe("name: a\nmodel: tiny\n", "r.yaml", [
      "stages.role.learning_rate=1e-4",
      "packing=bfd",
    ]);
    expect(loaded.recipe.stages.role.learning_rate).toBe(1e-4);
    expect(loaded.recipe.packing).toBe("bfd");
    expect(loaded.sources.get("packing")).toBe("--set");
  });

  it("reports a bad assignment beside the recipe's own mistakes", () => {
    const message = mistakesOf("name: a\nmodel: tiny\nsed: 1\n", ["nonsense"]);
    expect(message).toMatch(/--set: expected key=value.*; found nonsense/);
    expect(message).toContain("did you mean seed?");
  });

  it("refuses assignments below a value, and those that are not YAML", () => {
    const message = mistakesOf("name: a\nmodel: tiny\nseed: 1\n", ["seed.x=1", "training={"]);
    expect(message).toContain("2 mistakes");
    expect(message).toContain("found seed.x=1");
    expect(message).toContain("found training={");
  });

  it("says what does not go together beside the other mistakes", () => {
    const message = mistakesOf("name: a\nmodel: x\nquantization: nf4\nsed: 1\n");
    expect(message).toContain("2 mistakes");
    expect(message).toContain("expected method: lora");
  });

  it.each([
    ["quantization: nf4", /r\.yaml:3: quantization: expected method: lora/],
    [
      "method: lora\nlora: {}\nquantization: nf4\nresources: {sharding: fsdp}",
      /sharding: expected ddp or auto/,
    ],
    ["resources: {gpus: 8, sharding: zero3}\nstages: {role: {optim: muon}}", /sharding: .*matrices whole/],
    ["training: {use_liger_kernel: true}", /training\.use_liger_kernel: .*for GPUs/],
    [
      "resources: {gpus: 1}\ntraining: {use_liger_kernel: true}\nroles: {caller: {training: {loss_type: chunked_nll}}}",
      /training\.use_liger_kernel: .*loss of its own; found loss_type: chunked_nll/,
    ],
    ["method: alora\npacking: none", /packing: expected tree or bfd, because method is alora/],
    ["method: alora\nquantization: nf4", /quantization: expected none, because method is alora/],
    ["method: alora\nresources: {gpus: 2}", /resources\.gpus: expected at most 1/],
    ["method: alora\ntraining: {loss_type: nll}", /training\.loss_type: expected none/],
  ])("says why this cannot work: %s", (text, expected) => {
    expect(mistakesOf(`name: a\nmodel: x\n${text}\n`)).toMatch(expected);
  });

  it("names the scheduler and the optimizer that were meant", () => {
    const message = mistakesOf(
      "name: a\nmodel: x\ntraining: {lr_scheduler_type: linnear, optim: adamw_toch}\n",
    );
    expect(message).toContain("did you mean linear?");
    expect(message).toContain("did you mean adamw_torch?");
  });

  it("hashes values, not formatting", () => {
    const one = parseRecipe("name: a\nmodel: tiny # base\nseed: 3\n", "r.yaml");
    const two = parseRecipe("seed: 3\nmodel: tiny\nname: a\n", "other.yaml");
    expect(one.sha256).toBe(two.sha256);
    expect(parseRecipe("name: a\nmodel: tiny\nseed: 4\n", "r.yaml").sha256).not.toBe(one.sha256);
  });
});
