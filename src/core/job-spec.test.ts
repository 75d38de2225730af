import { describe, expect, it } from "@jest/globals";
import { JobSpec } from "./job-spec.js";

const data = {
  ...{ train: "/d/caller.jsonl", validation: null, profile: "/d/profile.json", hash: "d" },
  sha256: { train: "a", validation: null, profile: "b" },
};
/** As it was written before bases could be quantised and weights sharded. */
const before = {
  ...{ version: 1, jobId: "job-a", runId: "run-a", jobKey: "a", stage: 2, subset: "caller" },
  ...{ recipe: { name: "a", sha256: "a" }, model: "tiny", baseModel: "tiny", parent: null, data },
  ...{ method: "full", lora: null, packing: "bfd", overflow: { policy: "full", maxTokens: 9 }, training: {} },
  ...{ deadlineSeconds: 60, outputDir: "/jobs/job-a" },
};

describe("JobSpec", () => {
  it("reads what an older version wrote, where a vendor still has the job", () => {
    expect(JobSpec.parse(before)).toEqual({ ...before, quantization: null, sharding: null });
  });
});
