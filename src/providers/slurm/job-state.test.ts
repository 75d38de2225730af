import { describe, expect, it } from "@jest/globals";
import { isAlive, viewOfState } from "./job-state.js";

describe("viewOfState", () => {
  it.each([
    ["CANCELLED by 1000", "cancelled"],
    ["CANCELLED+", "cancelled"],
    ["REQUEUE_HOLD", "queued"],
    ["COMPLETING", "running"],
    ["NODE_FAIL", "preempted"],
    ["TIMEOUT", "failed"],
    ["A_NEW_WORD", "unknown"],
    ["", "unknown"],
  ] as const)("takes %s for %s", (state, view) => {
    expect(viewOfState(state)).toBe(view);
  });

  it("takes what it does not know for alive", () => {
    expect(["A_NEW_WORD", "PENDING", "COMPLETED"].map(isAlive)).toEqual([true, true, false]);
  });
});
