import { mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { JobSpec } from "../core/job-spec.js";
import { calibrationKey, loadCalibration, saveCalibration, toStored } from "./calibration.js";
import type { WorkPlan } from "./work-plan.js";

const MEASURED = {
  ...{ steps: 5, warmUpSteps: 2, startSeconds: 9, secondsPerStep: 0.5, secondsPerValidationToken: 0.001 },
  ...{ secondsPerSave: 0.1, peakMemoryBytes: 8e8, device: "cpu" },
};
const WORK = { firstPositions: [1000, 1000, 10, 20, 30, 999] } as unknown as WorkPlan;

function spec(changes: object): JobSpec {
  const training = { per_device_train_batch_size: 4, max_steps: 10, learning_rate: 1e-3 };
  const data = { hash: "d" };
  return { subset: "backbone", baseModel: "tiny", method: "full", training, data, ...changes } as JobSpec;
}

describe("calibrationKey", () => {
  it("is the same for another length and rate, another for another batch, method or machine", () => {
    const training = { per_device_train_batch_size: 4, num_train_epochs: 3 };
    const key = calibrationKey(spec({}), 0, "a");
    expect(calibrationKey(spec({ training }), 0, "a")).toBe(key);
    const others = [
      calibrationKey(spec({ training: { per_device_train_batch_size: 8 } }), 0, "a"),
      calibrationKey(spec({ method: "lora" }), 0, "a"),
      calibrationKey(spec({}), 1, "a"),
      calibrationKey(spec({}), 0, "b"),
    ];
    expect(new Set([key, ...others]).size).toBe(5);
  });
});

describe("a stored calibration", () => {
  it("is read as it was written, and is none where there is no such file", async () => {
    const folder = join(await mkdtemp(join(tmpdir(), "mllm-calibration-")), "calibrations");
    const stored = toStored(MEASURED, WORK, { machine: "a", measuredAt: "2026-11-22T00:00:00.000Z" });
    expect(await loadCalibration(folder, "k")).toBeNull();
    await saveCalibration(folder, "k", stored);
    expect(await loadCalibration(folder, "k")).toEqual(stored);
    expect(await readdir(folder)).toEqual(["k.json"]);
  });

  it("counts the tokens of the steps that were timed, not of those before", () => {
    const { positionsPerStep } = toStored(MEASURED, WORK, { machine: "a", measuredAt: "x" });
    expect(positionsPerStep).toBe(20);
  });
});
