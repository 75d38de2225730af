import { describe, expect, it } from "@jest/globals";
import { evaluationRow, LATER, makeState } from "../../test/state-fixture.js";

describe("evaluations", () => {
  it("are replaced when they are made again, and listed newest first", () => {
    const state = makeState();
    state.saveEvaluation(evaluationRow());
    state.saveEvaluation(evaluationRow({ id: "live-1", kind: "live", checkpoints: null }));
    state.saveEvaluation(evaluationRow({ folder: "/elsewhere", createdAt: LATER }));
    expect(state.listEvaluations().map(({ id }) => id)).toEqual(["static-0123456789", "live-1"]);
    expect(state.listEvaluations({ kind: "live" })).toEqual([
      evaluationRow({ id: "live-1", kind: "live", checkpoints: null }),
    ]);
    expect(state.findEvaluation("static-01").folder).toBe("/elsewhere");
    expect(() => state.findEvaluation("static-9")).toThrow(
      expect.objectContaining({ code: "not_found", hint: expect.stringContaining("mllm eval list") }),
    );
  });

  it("are found by the weights of some of their roles", () => {
    const state = makeState();
    state.saveEvaluation(evaluationRow());
    state.saveEvaluation(evaluationRow({ id: "static-2", checkpoints: null }));
    const find = (hashes: { planner?: string; caller?: string }) =>
      state.listEvaluations({ hashes }).map(({ id }) => id);
    expect(find({ caller: "c" })).toEqual(["static-0123456789"]);
    expect(find({ caller: "c", planner: "other" })).toEqual([]);
  });
});
