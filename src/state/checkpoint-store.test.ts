import { describe, expect, it } from "@jest/globals";
import { AT, checkpointRecord, claimRequest, LATER, makeState } from "../../test/state-fixture.js";

describe("checkpoints", () => {
  it("are saved, refreshed and marked as removed", () => {
    const state = makeState();
    state.claimJob(claimRequest(state));
    state.saveCheckpoint(checkpointRecord());
    state.saveCheckpoint(
      checkpointRecord({ isBest: false, isLast: true, validationLoss: null, createdAt: LATER }),
    );
    const [row] = state.listCheckpoints({ jobId: "job-1" });
    expect(row).toMatchObject({
      isBest: false,
      isLast: true,
      validationLoss: null,
      state: "complete",
      createdAt: AT,
    });
    state.markCheckpointRemoved("backbone-4-abcdef01");
    expect(state.listCheckpoints({ state: "complete" })).toEqual([]);
    expect(state.findCheckpoint("backbone-4").state).toBe("removed");
    state.saveCheckpoint(checkpointRecord());
    expect(state.getCheckpoint("backbone-4-abcdef01")?.state).toBe("complete");
  });

  it("are listed by what they came from", () => {
    const state = makeState();
    state.claimJob(claimRequest(state));
    state.saveCheckpoint(checkpointRecord());
    state.saveCheckpoint(
      checkpointRecord({ id: "planner-2-01", subset: "planner", parentId: "backbone-4-abcdef01" }),
    );
    const children = state.listCheckpoints({ parentId: "backbone-4-abcdef01" });
    expect(children.map((row) => row.id)).toEqual(["planner-2-01"]);
  });
});
