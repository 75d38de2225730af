import { describe, expect, it } from "@jest/globals";
import { chooseGpuRequests, readGpuTypes } from "./gpu-requests.js";

const GRES = "gpu:nvidia_a100-sxm4-80gb:4(S:0,1),nvme:1\ngpu:h100:8(S:0-1)\n(null)\n";

describe("chooseGpuRequests", () => {
  const found = readGpuTypes(GRES);

  it("takes the cluster's types in our order", () => {
    expect(found).toEqual({ types: ["h100", "nvidia_a100-sxm4-80gb"], hasUntyped: false });
    const wanted = { gpuTypes: ["b200", "a100-80gb", "H100"], gpusPerNode: 2 };
    expect(chooseGpuRequests(wanted, found)).toEqual(["gpu:nvidia_a100-sxm4-80gb:2", "gpu:h100:2"]);
    expect(chooseGpuRequests({ gpuTypes: ["a100-40gb"], gpusPerNode: 1 }, found)).toEqual([]);
  });

  it("takes any GPU where none is named, by us or by the cluster", () => {
    expect(chooseGpuRequests({ gpuTypes: [], gpusPerNode: 1 }, found)).toEqual(["gpu:1"]);
    const untyped = readGpuTypes("gpu:4\n");
    expect(chooseGpuRequests({ gpuTypes: ["h100"], gpusPerNode: 1 }, untyped)).toEqual(["gpu:1"]);
    expect(chooseGpuRequests({ gpuTypes: ["h100"], gpusPerNode: 1 }, readGpuTypes("(null)\n"))).toEqual([]);
  });
});
