import { describe, expect, it } from "@jest/globals";
import { AT, KEY, LATER, makeState } from "../../test/state-fixture.js";

describe("runs", () => {
  it("are found again by recipe and data", () => {
    const state = makeState();
    expect(state.findRun(KEY)).toBeNull();
    const run = state.ensureRun(KEY, AT);
    expect(state.ensureRun(KEY, LATER)).toEqual(run);
    expect(state.ensureRun({ ...KEY, dataHash: "other" }, LATER).id).not.toBe(run.id);
    expect(state.listRuns()).toHaveLength(2);
  });
});
