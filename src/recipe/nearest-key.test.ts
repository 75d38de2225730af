import { describe, expect, it } from "@jest/globals";
import { nearestKey } from "./nearest-key.js";

describe("nearestKey", () => {
  it("finds a key with letters lost, doubled, swapped or in another case", () => {
    const known = ["learning_rate", "num_train_epochs", "warmup_steps"];
    expect(nearestKey("lerning_rate", known)).toBe("learning_rate");
    expect(nearestKey("Learning_Rate", known)).toBe("learning_rate");
    expect(nearestKey("warmup_ratio", known)).toBe("warmup_steps");
  });

  it("suggests nothing where no key is near", () => {
    expect(nearestKey("banana", ["learning_rate", "seed"])).toBeUndefined();
  });
});
