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
});
