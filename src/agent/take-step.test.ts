import { describe, expect, it } from "@jest/globals";
import { ANSWER, CALL, collect, createOptions, limits, typesOf } from "../../test/scripted-task.js";
import { type SolveOptions, takeStep } from "./solve-task.js";

describe("takeStep", () => {
  const take = (options: SolveOptions) =>
    collect(takeStep({ instruction: "How is the weather?" }, { ...options }));

  it("returns a call for the client to run", async () => {
    const options = createOptions({ planner: [CALL], caller: ['weather\n{"city":"Bern"}'] });
    const { events, result } = await take(options);
    expect(result).toEqual({
      kind: "call",
      thought: "I need it.",
      call: { name: "weather", arguments: '{"city":"Bern"}' },
      observation: null,
    });
    expect(typesOf(events)).toEqual(["planned", "called"]);
    expect(options.toolBox.called).toEqual([]);
  });

  it("lets the planner plan again after a call that cannot be run", async () => {
    const options = createOptions({
      planner: [CALL, ANSWER],
      caller: ["forecast\n{}"],
      summarizer: ["I cannot."],
    });
    const { result } = await take(options);
    expect(result).toMatchObject({ kind: "answer", answer: "I cannot." });
    expect(options.model.asked.planner[1]?.prompt).toContain("there is no tool named forecast");
  });

  it("gives up after the third such call, and at a limit", async () => {
    const options = createOptions({ planner: () => CALL, caller: () => "forecast\n{}" });
    expect((await take(options)).result.kind).toBe("give_up");
    expect(options.model.asked.planner).toHaveLength(3);
    const limited = createOptions({}, { limits: { ...limits, maxTokens: 0 } });
    expect((await take(limited)).result).toMatchObject({ kind: "give_up", untrained: "stopped" });
  });
});
