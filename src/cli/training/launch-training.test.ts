import { describe, expect, it } from "@jest/globals";
import { formatTrainCommand } from "./launch-training.js";

describe("formatTrainCommand", () => {
  it("quotes what a shell would take apart", () => {
    const options = { stage: "1", recipe: "my recipe.yaml", data: "my data", set: ["a.b=c d"] } as const;
    expect(formatTrainCommand({ ...options, set: [...options.set] }, "--stage 2")).toBe(
      "mllm train --stage 2 --recipe 'my recipe.yaml' --data 'my data' --set 'a.b=c d'",
    );
    expect(formatTrainCommand({ stage: "1", recipe: "tiny", data: "out/data" }, "--stage 1")).toBe(
      "mllm train --stage 1 --recipe tiny --data out/data",
    );
  });

  it("gives the roles' method to stage 2 only, and a backbone's to both", () => {
    const common = { recipe: "tiny", data: "d" };
    const roles = { ...common, stage: "2", method: "lora" } as const;
    expect(formatTrainCommand(roles, "--stage 2 --role all")).toContain("--data d --method lora");
    expect(formatTrainCommand(roles, "--stage 1")).not.toContain("lora");
    const backbone = { ...common, stage: "1", method: "lora" } as const;
    expect(formatTrainCommand(backbone, "--stage 2 --role all")).toContain("--data d --set method=lora");
  });
});
