import { describe, expect, it } from "@jest/globals";
import { labelAttempt, nameJob, parseLabel } from "./job-label.js";

describe("parseLabel", () => {
  it("takes apart what labels an attempt", () => {
    const name = nameJob("0a1b2c3d", "job-ec49891226");
    expect(name).toBe("mllm-0a1b2c3d-ec49891226");
    expect(parseLabel(labelAttempt(name, 12))).toEqual({
      ...{ name, workspaceId: "0a1b2c3d", jobId: "job-ec49891226", attempt: 12 },
    });
  });

  it("knows what is of another form", () => {
    for (const label of ["", "mllm-0a1b2c3d", "mllm-0a1b2c3d-ec49891226", "other-0a1b2c3d-ec49891226-x"])
      expect(parseLabel(label)).toBeNull();
  });
});
