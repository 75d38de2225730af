import { describe, expect, it } from "@jest/globals";
import { type HfJob, isEnded, labelOf, viewOf } from "./job.js";

describe("viewOf", () => {
  it.each([
    ["SCHEDULING", "queued"],
    ["RUNNING", "running"],
    ["UPDATING", "running"],
    ["COMPLETED", "succeeded"],
    ["ERROR", "failed"],
    ["CANCELED", "cancelled"],
    ["DELETED", "cancelled"],
    ["HIBERNATING", "unknown"],
  ])("takes %s for %s", (stage, view) => {
    const job = jobWith({ stage });
    expect(viewOf(job)).toMatchObject({ view, raw: stage });
    expect(isEnded(job)).toBe(["succeeded", "failed", "cancelled"].includes(view));
  });

  it.each(["NO_CREDITS", "SPEND_LIMIT", "SOMETHING_NEW"])(
    "takes what billing has stopped for a failure that can be resumed: %s",
    (cancelReason) => {
      const { view, raw, reason } = viewOf(jobWith({ stage: "CANCELED", cancelReason, message: "no money" }));
      expect([view, raw]).toEqual(["failed", `CANCELED: ${cancelReason}: no money`]);
      expect(reason).toContain(`${cancelReason} (no money); can be resumed`);
    },
  );

  it.each([
    [{ stage: "ERROR", message: "Job timed out" }, 10, "deadline: "],
    [{ stage: "ERROR", message: "Job timeout" }, 10, "deadline: "],
    [{ stage: "ERROR", message: null }, 100, "deadline: the job's time at Hugging Face was over"],
    [{ stage: "ERROR", message: "exit code: 137" }, 10, "killed, or out of memory"],
    [{ stage: "ERROR", message: "exit code: 1" }, 10, "exit code: 1"],
  ])("tells why %j ended", (status, runningSecs, reason) => {
    expect(viewOf({ ...jobWith(status), durations: { runningSecs } }).reason).toContain(reason);
  });
});

describe("labelOf", () => {
  it("reads the label, or its copy in the environment where the answer has no labels", () => {
    const job = jobWith({ stage: "RUNNING" });
    expect(labelOf({ ...job, labels: { mllm: "mllm-a-1" } })).toBe("mllm-a-1");
    expect(labelOf({ ...job, environment: { MLLM_LABEL: "mllm-a-1" } })).toBe("mllm-a-1");
    expect(labelOf({ ...job, labels: { name: "somebody else's" } })).toBeNull();
  });
});

function jobWith(status: HfJob["status"]): HfJob {
  return { id: "1", createdAt: "2026-11-22T17:00:00Z", flavor: "cpu-basic", timeout: 100, status };
}
