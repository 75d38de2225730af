import { describe, expect, it } from "@jest/globals";
import { parseRecipe } from "./load-recipe.js";
import { backboneModels, resolveJob } from "./resolve-job.js";

const RECIPE = `name: a
model: base
seed: 5
training:
  weight_decay: 0.1
stages:
  role:
    learning_rate: 1e-5
roles:
  summarizer:
    model: smaller
    training:
      learning_rate: 2e-5
resources:
  max_hours: 0.5
`;

describe("resolveJob", () => {
  const loaded = parseRecipe(RECIPE, "a.yaml", ["training.weight_decay=0.2"]);

  it("trains an adapter that can be merged below activated ones", () => {
    const lora = "lora: {r: 8, lora_alpha: 16, lora_dropout: 0, target_modules: all-linear}";
    const activated = parseRecipe(`name: a\nmodel: base\nmethod: alora\n${lora}\n`, "a.yaml");
    expect(resolveJob(activated, "backbone")).toMatchObject({ method: "lora", lora: { r: 8 } });
    expect(resolveJob(activated, "caller")).toMatchObject({ method: "alora", lora: { r: 8 } });
  });

  it("lets a role's values win over its stage's, those over the common ones, those over the defaults", () => {
    expect(resolveJob(loaded, "planner").training.learning_rate).toBe(1e-5);
    expect(resolveJob(loaded, "summarizer").training.learning_rate).toBe(2e-5);
    expect(resolveJob(loaded, "backbone").training.learning_rate).toBe(2e-5);
    expect(resolveJob(loaded, "backbone").sources["training.learning_rate"]).toBe("default");
  });

  it("names the source of every value", () => {
    const { sources } = resolveJob(loaded, "summarizer");
    expect(sources["training.learning_rate"]).toBe("a.yaml:13");
    expect(sources["training.weight_decay"]).toBe("--set");
    expect(sources["training.seed"]).toBe("a.yaml:3");
    expect(sources["training.warmup_steps"]).toBe("default");
    expect(sources.model).toBe("a.yaml:11");
  });

  it("lets the command line win over what the file says of a stage", () => {
    const said = parseRecipe(RECIPE, "a.yaml", ["training.learning_rate=0.5"]);
    expect(resolveJob(said, "planner").training.learning_rate).toBe(0.5);
    expect(resolveJob(said, "summarizer").training.learning_rate).toBe(0.5);
    const stage = parseRecipe(RECIPE, "a.yaml", [
      "training.learning_rate=0.5",
      "stages.role.learning_rate=0.25",
    ]);
    expect(resolveJob(stage, "planner").training.learning_rate).toBe(0.25);
    expect(resolveJob(stage, "backbone").training.learning_rate).toBe(0.5);
  });

  it("drops the default number of epochs where optimizer steps are given", () => {
    const steps = parseRecipe("name: a\nmodel: b\ntraining:\n  max_steps: 7\n", "a.yaml");
    expect(resolveJob(steps, "backbone").training).not.toHaveProperty("num_train_epochs");
  });

  it("takes a role's own base model and asks for its backbone", () => {
    expect(resolveJob(loaded, "summarizer").baseModel).toBe("smaller");
    expect(backboneModels(loaded)).toEqual(["base", "smaller"]);
  });

  it("gives the deadline in seconds", () => {
    expect(resolveJob(loaded, "planner").deadlineSeconds).toBe(1800);
  });
});
