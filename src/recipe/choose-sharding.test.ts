import { describe, expect, it } from "@jest/globals";
import { RecipeResources } from "../core/resources.js";
import { chooseSharding } from "./choose-sharding.js";

function choose(
  job: Partial<Parameters<typeof chooseSharding>[0]>,
  resources: Partial<RecipeResources> = {},
): string | null {
  const trained = { baseModel: "a-7b", method: "full", quantization: null, training: {}, ...job } as const;
  return chooseSharding(trained, RecipeResources.parse({ gpus: 8, gpu: "a100-80gb", ...resources }));
}

describe("chooseSharding", () => {
  it("has nothing to share where one process trains", () => {
    expect(choose({}, { gpus: 1 })).toBeNull();
    expect(choose({}, { gpus: 0 })).toBeNull();
    expect(choose({}, { gpus: 1, nodes: 2 })).toBe("fsdp");
    expect(choose({}, { gpus: 0, nodes: 2 })).toBe("ddp");
  });

  it("keeps weights whole where they fit a GPU with their optimizer", () => {
    expect(choose({})).toBe("fsdp");
    expect(choose({ baseModel: "a-1.7b" })).toBe("ddp");
    expect(choose({ baseModel: "a-1.7b" }, { gpu: "rtx4090-24gb" })).toBe("fsdp");
    expect(choose({ baseModel: "a-1.7b" }, { gpu: ["a100-80gb", "rtx4090-24gb"] })).toBe("fsdp");
    expect(choose({ method: "lora" })).toBe("ddp");
    expect(choose({ baseModel: "a-70b", method: "lora" })).toBe("fsdp");
    expect(choose({ baseModel: "a-4b", training: { optim: "adamw_8bit" } })).toBe("ddp");
  });

  it("knows the memory of a type whose name does not say it", () => {
    expect(choose({ baseModel: "a-1.7b" }, { gpu: "h100" })).toBe("ddp");
    expect(choose({ baseModel: "a-70b", method: "lora" }, { gpu: "NVIDIA L40S" })).toBe("fsdp");
    expect(choose({ baseModel: "a-1.7b" }, { gpu: ["h100", "l4"] })).toBe("fsdp");
    expect(choose({ baseModel: "a-1.7b" }, { gpu: "mi250-64gb" })).toBe("ddp");
    expect(choose({ baseModel: "a-1.7b" }, { gpu: ["h100", "big"] })).toBe("fsdp");
  });

  it("without a size to go by cuts what is trained, not what is frozen", () => {
    expect(choose({ baseModel: "a" })).toBe("fsdp");
    expect(choose({ baseModel: "a", method: "lora" })).toBe("ddp");
    expect(choose({ baseModel: "a-1.7b" }, { gpu: "big" })).toBe("fsdp");
    expect(choose({ baseModel: "a-70b", method: "lora" }, { gpu: "big" })).toBe("ddp");
    expect(choose({ baseModel: "tiny" }, { gpu: "big" })).toBe("ddp");
  });

  it("does what it is told, and never cuts what cannot be cut", () => {
    expect(choose({}, { sharding: "zero3" })).toBe("zero3");
    expect(choose({ training: { optim: "muon" } })).toBe("ddp");
    expect(choose({ baseModel: "a-70b", method: "lora", quantization: "nf4" })).toBe("ddp");
  });
});
