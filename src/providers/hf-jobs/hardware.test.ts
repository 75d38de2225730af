import { describe, expect, it } from "@jest/globals";
import { chooseFlavor, dollarsPerHour, type Hardware } from "./hardware.js";

const CATALOG = [
  flavor("cpu-upgrade", null, 0.0005),
  flavor("cpu-basic", null, 0.000167),
  flavor("a10g-large", ["A10G", 1, "24 GB"], 0.025),
  flavor("a10g-small", ["A10G", 1, "24 GB"], 0.016667),
  flavor("a100-large", ["A100", 1, "80 GB"], 0.041667),
  flavor("a100x4", ["A100", 4, "320 GB"], 0.166667),
  flavor("rtx-pro-6000", ["RTX PRO 6000", 1, "96 GB"], 0.05),
  flavor("h200x2", ["H200", 2, "141 GB"], 0.166667),
];

describe("chooseFlavor", () => {
  it.each([
    [0, [], "cpu-basic"],
    [1, [], "a10g-small"],
    [1, ["a10g-24gb"], "a10g-small"],
    [1, ["h100", "a100-80gb"], "a100-large"],
    [4, ["a100-80gb"], "a100x4"],
    [4, ["a100"], "a100x4"],
    [2, ["h200-141gb"], "h200x2"],
    [1, ["rtx-pro-6000"], "rtx-pro-6000"],
  ])("takes for %i GPUs of %j the flavor %s", (gpusPerNode, gpuTypes, name) => {
    expect(chooseFlavor(CATALOG, { gpusPerNode, gpuTypes }, undefined).name).toBe(name);
  });

  it("takes the flavor that the recipe names", () => {
    expect(chooseFlavor(CATALOG, { gpusPerNode: 1, gpuTypes: [] }, "cpu-upgrade").name).toBe("cpu-upgrade");
  });

  it.each([
    [1, ["a100-40gb"], undefined],
    [8, [], undefined],
    [0, [], "tpu"],
  ])("says what there is instead of %i × %j %s", (gpusPerNode, gpuTypes, wanted) => {
    expect(() => chooseFlavor(CATALOG, { gpusPerNode, gpuTypes }, wanted)).toThrow(
      expect.objectContaining({ code: "bad_recipe", hint: expect.stringContaining("a100x4") }),
    );
  });
});

describe("dollarsPerHour", () => {
  it("counts in the unit of the price, and knows none where there is none", () => {
    const [basic] = CATALOG as [Hardware];
    expect(dollarsPerHour({ ...basic, unitCostUSD: 0.041667 })).toBeCloseTo(2.5, 4);
    expect(dollarsPerHour({ ...basic, unitCostUSD: 2, unitLabel: "hour" })).toBe(2);
    expect(dollarsPerHour({ ...basic, unitLabel: "moon" })).toBeNull();
    expect(dollarsPerHour({ ...basic, unitCostUSD: null })).toBeNull();
  });
});

function flavor(name: string, gpu: [string, number, string] | null, unitCostUSD: number): Hardware {
  const accelerator = gpu && { model: gpu[0], quantity: gpu[1], vram: gpu[2] };
  return { name, accelerator, unitCostUSD, unitLabel: "minute" };
}
