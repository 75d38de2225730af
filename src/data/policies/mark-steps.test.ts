import { describe, expect, it } from "@jest/globals";
import type { Step } from "../../core/trajectory.js";
import { markSteps } from "./mark-steps.js";
import { DEFAULT_POLICIES, type Policies } from "./policies.js";

const call = (name: string, thought = "", untrained?: string): Step => ({
  ...{ kind: "call", thought, call: { name, arguments: "{}" }, observation: "done" },
  ...(untrained !== undefined && { untrained }),
});
const answer = (text: string, thought = ""): Step => ({ kind: "answer", thought, answer: text });

const marksOf = (steps: Step[], policies: Partial<Policies>, parallel: number[] = []) =>
  markSteps({ steps }, parallel, { ...DEFAULT_POLICIES, ...policies }).steps.map((step) =>
    step.kind === "user" ? null : (step.untrained ?? step.unplanned ?? null),
  );

const faultOf = (steps: Step[], policies: Partial<Policies>, parallel: number[] = []) =>
  markSteps({ steps }, parallel, { ...DEFAULT_POLICIES, ...policies }).fault?.reason;

describe("markSteps", () => {
  const steps = [call("a", "I look."), call("b"), answer("It is 3.")];

  it("leaves everything as it is by default", () => {
    const { steps: marked, fault } = markSteps({ steps }, [1], DEFAULT_POLICIES);
    expect(marked).toEqual(steps);
    expect(fault).toBeNull();
  });

  it("keeps all calls of one message as context, or rejects the record", () => {
    const context = marksOf(steps, { parallelCalls: "context" }, [1]);
    expect(context).toEqual(["parallel_call", "parallel_call", null]);
    expect(marksOf(steps, { parallelCalls: "context" })).toEqual([null, null, null]);
    expect(faultOf(steps, { parallelCalls: "reject" }, [1])).toBe("parallel_calls");
    expect(faultOf(steps, { parallelCalls: "reject" })).toBeUndefined();
  });

  it("does not train the planner on turns without a thought, but trains what it decides", () => {
    const { steps: marked } = markSteps({ steps }, [], { ...DEFAULT_POLICIES, missingThoughts: "context" });
    expect(marked).toMatchObject([{}, { unplanned: "no_thought" }, { unplanned: "no_thought" }]);
    expect(marked.every((step) => !("untrained" in step))).toBe(true);
  });

  it("does not train answers that the user replies to", () => {
    const dialogue: Step[] = [answer("Which city?"), { kind: "user", text: "Paris" }, answer("Sunny.")];
    const marks = marksOf(dialogue, { midDialogueText: "context" });
    expect(marks).toEqual(["mid_dialogue_text", null, null]);
  });

  it("rejects records with undeclared calls, and no others", () => {
    const hallucinated = [call("x", "", "hallucinated_call"), answer("3")];
    expect(faultOf(hallucinated, { undeclaredCalls: "reject" })).toBe("undeclared_call");
    expect(faultOf([call("x", "", "weight_zero")], { undeclaredCalls: "reject" })).toBeUndefined();
  });

  it("keeps the reason that a step has already", () => {
    const known = [call("a", "", "weight_zero"), call("b")];
    expect(marksOf(known, { parallelCalls: "context" }, [1])).toEqual(["weight_zero", "parallel_call"]);
  });
});
