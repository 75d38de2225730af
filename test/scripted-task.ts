import type { AgentEvent, AgentResult } from "../src/agent/agent-event.js";
import { type SolveOptions, solveTask, type Task } from "../src/agent/solve-task.js";
import type { Role } from "../src/core/roles.js";
import { loadProfile } from "../src/prompts/load-profile.js";
import { createScriptedModel, type Script, type ScriptedModel } from "./scripted-roles.js";
import { createScriptedToolBox, createTool, type ScriptedToolBox } from "./scripted-tools.js";
import { packageRoot } from "./shared-data.js";

export const { profile } = await loadProfile("thread", { packageRoot, cwd: packageRoot });

export const limits = { maxTurns: 8, maxTokens: 10_000, maxSeconds: 60, maxCalls: 20, maxNewTokens: 256 };

/** Of a task with two tools, weather and api.time. */
export function createOptions(
  scripts: Partial<Record<Role, Script>>,
  changes: Partial<SolveOptions> = {},
): SolveOptions & { model: ScriptedModel; toolBox: ScriptedToolBox } {
  return {
    limits,
    strategy: "chain",
    temperature: 0,
    seed: 1,
    signal: new AbortController().signal,
    now: () => new Date(0),
    toolBox: createScriptedToolBox([createTool("weather"), createTool("api.time")]),
    ...changes,
    model: createScriptedModel(profile, scripts),
  } as SolveOptions & { model: ScriptedModel; toolBox: ScriptedToolBox };
}

/** All events, and what came of them. */
export async function collect<Result>(
  events: AsyncGenerator<AgentEvent, Result>,
): Promise<{ events: AgentEvent[]; result: Result }> {
  const all: AgentEvent[] = [];
  for (;;) {
    const next = await events.next();
    if (next.done === true) return { events: all, result: next.value };
    all.push(next.value);
  }
}

export const solve = (options: SolveOptions, task: Partial<Task> = {}) =>
  collect<AgentResult>(solveTask({ instruction: "How is the weather?", ...task }, options));

export const CALL = "I need it. Next: caller.";
export const ANSWER = "I know it. Next: summarizer.";
export const GIVE_UP = "It cannot be known. Next: give up.";

export const typesOf = (events: AgentEvent[]) =>
  events.map(({ type }) => type).filter((type) => type !== "spoke");
export const textsOf = (events: AgentEvent[], type: "warned") =>
  events.flatMap((event) => (event.type === type ? [event.message] : []));
