import { describe, expect, it } from "@jest/globals";
import { createManifest } from "../../test/dataset-fixture.js";
import { estimateJob } from "./estimate.js";
import { estimateParts } from "./estimate-parts.js";
import { START_SECONDS } from "./estimate-time.js";
import { parseRecipe } from "./load-recipe.js";
import { resolveJob } from "./resolve-job.js";

function request(subset: "caller" | "planner", rows: number) {
  const lora = "lora: {r: 8, lora_alpha: 16, lora_dropout: 0, target_modules: all-linear}";
  const loaded = parseRecipe(`name: a\nmodel: m-7b\nmethod: lora\n${lora}\n`, "a.yaml");
  const counts = { tokens: 300 * rows, trainedTokens: 30 * rows, basis: "counted" as const };
  return { job: resolveJob(loaded, subset), manifest: createManifest(rows), counts, gpu: undefined };
}

const planner = request("planner", 1000);
const caller = request("caller", 100);
const calibration = {
  ...{ startSeconds: 10, secondsPerStep: 2, positionsPerStep: 600, secondsPerSave: 0 },
  ...{ secondsPerValidationToken: 0, peakMemoryBytes: 5e9, source: "measured here" },
};

describe("estimateParts", () => {
  it("is the estimate of one job where there is one", () => {
    expect(estimateParts([planner])).toEqual(estimateJob(planner));
  });

  it("adds up the work of several and takes the memory of the one that needs most", () => {
    const [a, b, both] = [estimateJob(planner), estimateJob(caller), estimateParts([planner, caller])];
    expect(both).toMatchObject({ rows: 1100, optimizerSteps: a.optimizerSteps + b.optimizerSteps });
    expect(both.peakMemoryBytes).toBe(Math.max(a.peakMemoryBytes ?? 0, b.peakMemoryBytes ?? 0));
  });

  it("starts once", () => {
    const alone = (estimateJob(planner).seconds ?? 0) + (estimateJob(caller).seconds ?? 0);
    expect(estimateParts([planner, caller]).seconds).toBe(alone - START_SECONDS);
    const first = { ...planner, calibration };
    const second = { ...caller, calibration };
    const measured = (estimateJob(first).seconds ?? 0) + (estimateJob(second).seconds ?? 0);
    expect(estimateParts([first, second]).seconds).toBe(measured - calibration.startSeconds);
  });

  it("says no time where one of them has none", () => {
    const unknown = { ...caller, job: { ...caller.job, baseModel: "m" } };
    expect(estimateParts([planner, unknown])).toMatchObject({ seconds: null, peakMemoryBytes: null });
  });
});
