import { describe, expect, it } from "@jest/globals";
import { ANSWER, CALL, collect, createOptions, limits, solve } from "../../test/scripted-task.js";
import { createScriptedToolBox, createTool } from "../../test/scripted-tools.js";
import { solveTask } from "./solve-task.js";

describe("the limits of solveTask", () => {
  const endless = { planner: () => CALL, caller: () => "weather\n{}" };

  it.each([
    ["turns", { maxTurns: 3 }, 3],
    ["calls", { maxCalls: 2 }, 3],
    ["tokens", { maxTokens: 30 }, 4],
  ])("end it at its %s", async (reason, changed, turns) => {
    const options = createOptions(endless, { limits: { ...limits, ...changed } });
    const { result } = await solve(options);
    expect(result).toMatchObject({ outcome: "limit", answer: null, reason });
    expect(options.model.asked.planner).toHaveLength(turns);
  });

  it("end it at its seconds, between completions and within one that hangs", async () => {
    let milliseconds = 0;
    const now = () => {
      milliseconds += 10_000;
      return new Date(milliseconds);
    };
    const slow = await solve(createOptions(endless, { now }));
    expect(slow.result).toMatchObject({ outcome: "limit", reason: "seconds" });
    const hanging = await solve(
      createOptions({ planner: [{ hangs: true }] }, { limits: { ...limits, maxSeconds: 0.001 } }),
    );
    expect(hanging.result).toMatchObject({ outcome: "limit", reason: "seconds" });
  });

  it("let no completion have more tokens than are left", async () => {
    const options = createOptions(endless, { limits: { ...limits, maxTokens: 9 } });
    await solve(options);
    expect(options.model.asked.planner.map(({ maxTokens }) => maxTokens)).toEqual([9]);
    expect(options.model.asked.caller.map(({ maxTokens }) => maxTokens)).toEqual([3]);
  });
});

describe("what ends solveTask with an error", () => {
  it.each([
    ["a backend that hangs", { planner: [{ hangs: true as const }] }],
    ["a backend that hears no signal", { planner: () => new Promise<string>(() => undefined) }],
    ["a stream that hangs", { planner: [ANSWER], summarizer: [{ hangs: true as const }] }],
  ])("is an abort, also of %s", async (_, scripts) => {
    const controller = new AbortController();
    const options = createOptions(scripts, { signal: controller.signal, streamsAnswer: true });
    const solving = solve(options);
    await new Promise(setImmediate);
    controller.abort();
    await expect(solving).rejects.toMatchObject({ code: "interrupted" });
  });

  it("is an abort after any event but those that end the task", async () => {
    const scripts = { planner: [CALL, "", ANSWER], caller: ["weather\n{}"], summarizer: ["Yes"] };
    const count = (await solve(createOptions(scripts, { streamsAnswer: true }))).events.length;
    for (let last = 0; last < count - 2; last += 1) {
      const controller = new AbortController();
      const options = createOptions(scripts, { streamsAnswer: true, signal: controller.signal });
      const solving = solveTask({ instruction: "Q" }, options);
      for (let at = 0; at <= last; at += 1) await solving.next();
      controller.abort();
      const events = collect(solving);
      await expect(events).rejects.toMatchObject({ code: "interrupted" });
    }
  });

  it("is an abort while a tool runs", async () => {
    const controller = new AbortController();
    const toolBox = createScriptedToolBox([createTool("weather")], () => {
      controller.abort();
      return new Promise(() => undefined);
    });
    const options = createOptions(
      { planner: [CALL], caller: ["weather\n{}"] },
      { toolBox, signal: controller.signal },
    );
    await expect(solve(options)).rejects.toMatchObject({ code: "interrupted" });
  });

  it("is a backend that fails or dies in the middle of a stream", async () => {
    const failing = createOptions({ planner: [{ diesAfter: "" }] });
    await expect(solve(failing)).rejects.toMatchObject({ code: "backend_failed" });
    const dying = createOptions(
      { planner: [ANSWER], summarizer: [{ diesAfter: "It rai" }] },
      { streamsAnswer: true },
    );
    await expect(solve(dying)).rejects.toMatchObject({ code: "backend_failed" });
  });
});
