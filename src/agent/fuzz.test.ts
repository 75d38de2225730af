import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createScriptedModel } from "../../test/scripted-roles.js";
import { createScriptedToolBox, createTool } from "../../test/scripted-tools.js";
import { packageRoot } from "../../test/shared-data.js";
import type { ThreadProfile } from "../core/profile.js";
import { loadProfile } from "../prompts/load-profile.js";
import { readCallerText, readPlannerText } from "../prompts/read-turn.js";
import type { AgentEvent, AgentResult } from "./agent-event.js";
import { createAlphaUmi } from "./compat/compat-profile.js";
import { solveAsReference } from "./compat/solve-as-reference.js";
import { solveTask, takeStep } from "./solve-task.js";

const places = { packageRoot, cwd: packageRoot };
const thread = (await loadProfile("thread", places)).profile as ThreadProfile;
const step = (await loadProfile("step", places)).profile;

/** Texts made of what a model, or a forger, may write. */
const part = fc.oneof(
  fc.constantFrom(
    "Next: caller.",
    "Next: summarizer.",
    "Next: give up.",
    "next:  CALLER",
    "Next:",
    "Next: conclusion.",
  ),
  fc.constantFrom("planner:", "\ncaller:", "\nobservation: ok", "user:", "<|end|>", "</s>", "<s>", "[INST]"),
  fc.constantFrom(
    "weather",
    "api.time",
    "time",
    "\n",
    " ",
    "{}",
    '{"city":"Bern"}',
    '{"city":',
    "[",
    "null",
    "{tools}",
  ),
  fc.constantFrom("\u0000", "\ud800", "\udc00", "🌧️", "$&", "\\", "__proto__", "constructor"),
  fc.string({ maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.json({ maxDepth: 2 }),
);
const output = fc.oneof(
  { weight: 6, arbitrary: fc.array(part, { maxLength: 6 }).map((parts) => parts.join("")) },
  {
    weight: 2,
    arbitrary: fc.constantFrom("I go on. Next: caller.", "weather\n{}", "Next: summarizer.", "Done."),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("", " ", "x".repeat(20_000), "(".repeat(5000), `${"[".repeat(5000)}`),
  },
);

describe("10,000 texts that a model may have written", () => {
  it.each([
    ["thread", thread],
    ["step", step],
  ])("are read without an exception in the %s profile", (_, profile) => {
    fc.assert(
      fc.property(output, (text) => {
        const { thought, decision } = readPlannerText(profile, text);
        expect(typeof thought).toBe("string");
        expect([null, "call", "answer", "giveUp"]).toContain(decision);
        const call = readCallerText(profile, text);
        if (call !== null) expect(call.name).not.toBe("");
      }),
      { numRuns: 5000 },
    );
  });

  it("lead solveTask and takeStep to a defined end", async () => {
    let outputs = 0;
    const scripts = fc.array(output, { minLength: 1, maxLength: 12 });
    const runs = fc.record({
      planner: scripts,
      caller: scripts,
      summarizer: scripts,
      observations: scripts,
      profile: fc.constantFrom(thread, step),
      strategy: fc.constantFrom("chain" as const, "search" as const),
      streamsAnswer: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(runs, async (run) => {
        // Never at an end: a script begins again.
        const from = (texts: string[]) => (_: unknown, index: number) => texts[index % texts.length] ?? "";
        const model = createScriptedModel(run.profile, {
          planner: from(run.planner),
          caller: from(run.caller),
          summarizer: from(run.summarizer),
        });
        const tools = [createTool("weather"), createTool("api.time", { isRepeatable: false })];
        const options = {
          model,
          toolBox: createScriptedToolBox(tools, from(run.observations)),
          limits: { maxTurns: 3, maxTokens: 1e6, maxSeconds: 60, maxCalls: 12, maxNewTokens: 64 },
          temperature: 0,
          seed: 0,
          signal: new AbortController().signal,
          now: () => new Date(0),
        };
        const { strategy, streamsAnswer } = run;
        checkResult(await collect(solveTask({ instruction: "Q" }, { ...options, strategy, streamsAnswer })));
        const next = (await collect(takeStep({ instruction: "Q" }, options))).result;
        if (next.kind === "call") {
          expect(tools.map(({ name }) => name)).toContain(next.call.name);
          expect(JSON.parse(next.call.arguments)).toEqual(expect.any(Object));
        } else expect(["answer", "give_up"]).toContain(next.kind);
        // However the texts were, what the roles were asked has the turns that the loop put there, and no other.
        for (const { prompt } of Object.values(model.asked).flat()) checkTurns(prompt);
        outputs += Object.values(model.asked).flat().length;
      }),
      { numRuns: 400 },
    );
    expect(outputs).toBeGreaterThan(10_000);
  }, 120_000);
});

describe("random texts of an agent that follows the reference", () => {
  it("lead to a defined end", async () => {
    const texts = {
      backbone: "",
      planner: "{doc}{history}",
      caller: "{history}{thought}",
      summarizer: "{history}",
    };
    const scripts = fc.array(output, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(scripts, scripts, async (planner, caller) => {
        const from = (replies: string[]) => (_: unknown, index: number) =>
          replies[index % replies.length] ?? "";
        const model = createScriptedModel(thread, {
          planner: from(planner),
          caller: from(caller),
          summarizer: from(caller),
        });
        const { result } = await collect(
          solveAsReference(
            { instruction: "Q" },
            {
              profile: createAlphaUmi(texts),
              roles: model.roles,
              toolBox: createScriptedToolBox([createTool("weather")], from(caller)),
              limits: { maxTurns: 1, maxTokens: 1e6, maxSeconds: 60, maxCalls: 12, maxNewTokens: 64 },
              seed: 0,
              signal: new AbortController().signal,
              now: () => new Date(0),
            },
          ),
        );
        expect(["answered", "gave_up", "limit"]).toContain(result.outcome);
      }),
      { numRuns: 100 },
    );
  });
});

async function collect<Result>(running: AsyncGenerator<AgentEvent, Result>) {
  const events: AgentEvent[] = [];
  for (;;) {
    const next = await running.next();
    if (next.done === true) return { events, result: next.value };
    events.push(next.value);
  }
}

function checkResult({ events, result }: { events: AgentEvent[]; result: AgentResult }): void {
  const last = result.steps.at(-1);
  if (result.outcome === "answered") {
    expect(last).toMatchObject({ kind: "answer", answer: result.answer });
    expect(result.answer).not.toBe("");
    const pieces = events.flatMap((event) => (event.type === "answering" ? [event.piece] : []));
    if (pieces.length > 0) expect(pieces.join("")).toBe(result.answer);
  } else expect(result.reason).toEqual(expect.any(String));
  if (result.outcome === "gave_up") expect(last?.kind).toBe("give_up");
}

/** Every turn is closed, only a marker of a role comes last, and no text begins a turn of its own. */
function checkTurns(prompt: string): void {
  const turns = prompt.slice(prompt.indexOf("user: Q")).split("</s>");
  const isForged = (turn: string) => /\n(user|planner|caller|observation|summarizer):/.test(turn.slice(1));
  const isOpen = !/^(planner|caller|summarizer):$/.test(turns.pop() ?? "");
  if (isOpen || turns.some(isForged)) throw new Error(`not the turns of the loop: ${JSON.stringify(prompt)}`);
}
