import { describe, expect, it } from "@jest/globals";
import { createScriptedModel } from "../../../test/scripted-roles.js";
import { createScriptedToolBox, createTool } from "../../../test/scripted-tools.js";
import { packageRoot } from "../../../test/shared-data.js";
import { loadProfile } from "../../prompts/load-profile.js";
import type { AgentEvent, AgentResult } from "../agent-event.js";
import { type SolveOptions, solveTask } from "../solve-task.js";

const { profile } = await loadProfile("thread", { packageRoot, cwd: packageRoot });

const limits = { maxTurns: 4, maxTokens: 1e6, maxSeconds: 60, maxCalls: 100, maxNewTokens: 64 };
const HINT = /user: From this point, the following was already tried[^<]*<\/s>/g;

const NAMES: Record<string, string> = { s: "send" };

/** `a`, `b`: call that tool; `s`: call `send`, which must not be repeated; `?`: give up; `!`: answer. Says what the planner saw each time. */
async function search(decisions: string, changes: Partial<SolveOptions> = {}) {
  let at = 0;
  const decide = () => {
    const decision = decisions[at] ?? decisions.at(-1) ?? "?";
    at += 1;
    if (decision === "?") return `cannot ${at}. Next: give up.`;
    return decision === "!" ? "known. Next: summarizer." : `try ${at}. Next: caller.`;
  };
  const model = createScriptedModel(profile, {
    planner: decide,
    caller: () => {
      const letter = decisions[at - 1] ?? decisions.at(-1) ?? "";
      return `${NAMES[letter] ?? letter}\n{"n":${at}}`;
    },
    summarizer: () => "the answer",
  });
  const events: AgentEvent[] = [];
  const solving = solveTask(
    { instruction: "Q" },
    {
      model,
      limits,
      strategy: "search",
      temperature: 0,
      seed: 0,
      signal: new AbortController().signal,
      now: () => new Date(0),
      toolBox: createScriptedToolBox([
        createTool("a"),
        createTool("b"),
        createTool("send", { isRepeatable: false }),
      ]),
      ...changes,
    },
  );
  let result: AgentResult | undefined;
  while (result === undefined) {
    const next = await solving.next();
    if (next.done === true) result = next.value;
    else events.push(next.value);
  }
  const seen = model.asked.planner.map(({ prompt }) => prompt.slice(prompt.indexOf("user: Q")));
  return { events, result, seen };
}

const kindsOf = ({ steps }: AgentResult) => steps.map(({ kind }) => kind);

describe("a search", () => {
  it("goes back to the step before the one that gave up, and says what was tried", async () => {
    const { events, result, seen } = await search("a?b!");
    expect(result).toMatchObject({ outcome: "answered", answer: "the answer" });
    expect(kindsOf(result)).toEqual(["user", "call", "answer"]);
    expect(seen[2]).toMatch(
      /^user: Q<\/s>user: [^<]*- a \{"n":1\} gave: a says \{"n":1\}\n[^<]*<\/s>planner:$/,
    );
    expect(seen[2]).not.toContain("cannot");
    expect(events).toContainEqual({ type: "went_back", branch: 1, step: 1, toStep: 1 });
    expect(events.filter(({ type }) => type === "answered")).toEqual([
      { type: "answered", branch: 1, step: 2, text: "the answer" },
    ]);
  });

  it("ends where the very first step gives up", async () => {
    const { result, seen } = await search("?");
    expect(result).toMatchObject({ outcome: "gave_up", reason: "cannot 1." });
    expect(seen).toHaveLength(1);
  });

  it("tells the first give-up where all chains gave up", async () => {
    const { result, seen } = await search("a?b?");
    expect(result).toMatchObject({ outcome: "gave_up", reason: "cannot 2." });
    expect(kindsOf(result)).toEqual(["call", "give_up"]);
    expect(seen).toHaveLength(4);
  });

  it("tries every step twice where nothing ever ends: 2 + 4 + 8 + 16 plans", async () => {
    const { result, seen } = await search("a");
    expect(result).toMatchObject({ outcome: "limit", reason: "turns" });
    expect(kindsOf(result)).toEqual(["call", "call", "call", "call"]);
    expect(seen).toHaveLength(30);
  });

  it("shows no more than the last hint", async () => {
    const { seen } = await search("a");
    for (const prompt of seen) expect((prompt.match(HINT) ?? []).length).toBeLessThanOrEqual(1);
    expect(seen.at(-1)?.match(HINT)).toHaveLength(1);
  });

  it("never goes back over a call that must not be repeated", async () => {
    const direct = await search("s?a!");
    expect(direct.result).toMatchObject({ outcome: "gave_up", reason: "cannot 2." });
    expect(direct.seen).toHaveLength(2);
    const later = await search("sa?b!");
    expect(later.result.outcome).toBe("answered");
    expect(later.events).toContainEqual({ type: "went_back", branch: 1, step: 2, toStep: 2 });
    expect(kindsOf(later.result)).toEqual(["call", "user", "call", "answer"]);
    const deeper = await search("sa?b?a!");
    expect(deeper.result).toMatchObject({ outcome: "gave_up", reason: "cannot 3." });
    expect(deeper.seen).toHaveLength(5);
  });

  it("is a chain where asked to be", async () => {
    const { result, seen } = await search("a?b!", { strategy: "chain" });
    expect(result).toMatchObject({ outcome: "gave_up", reason: "cannot 2." });
    expect(seen).toHaveLength(2);
  });

  it("ends at a limit in whatever branch it is", async () => {
    const { result } = await search("a", { limits: { ...limits, maxCalls: 6 } });
    expect(result).toMatchObject({ outcome: "limit", reason: "calls" });
  });

  it("is the same for the same seed", async () => {
    expect(await search("a?bb?a!")).toEqual(await search("a?bb?a!"));
  });
});
