import { describe, expect, it } from "@jest/globals";
import { findGpuType } from "./gpu-types.js";

describe("findGpuType", () => {
  it.each([
    ["rtx4090-24gb", "rtx-4090-24gb"],
    ["NVIDIA L40S", "l40s-48gb"],
    ["a100", "a100-80gb"],
    ["a100-40gb", "a100-40gb"],
    ["h200", "h200-141gb"],
  ])("knows %s", (name, expected) => {
    expect(findGpuType(name)?.name).toBe(expected);
  });

  it("knows no GPU of another memory, and no other GPU", () => {
    expect([findGpuType("h100-40gb"), findGpuType("tpu-v5")]).toEqual([null, null]);
  });
});
