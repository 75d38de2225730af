import type { AgentEvent } from "../../agent/agent-event.js";
import type { AgentModel } from "../../agent/role-model.js";
import { type SolveOptions, solveTask } from "../../agent/solve-task.js";
import type { ToolBox } from "../../agent/tool-box.js";
import { offerTools } from "../../agent/tools/offer-tools.js";
import { MllmError } from "../../core/errors.js";
import { sha256 } from "../../core/ids.js";
import type { ResultCache } from "../result-cache.js";
import { Attempt, type Tried, toAttempt } from "./attempt.js";
import type { LiveTask } from "./live-task.js";

export interface Solver {
  /** All that decides what the agent does beside the options: the hashes of its checkpoints, say. Plain JSON data. */
  who: unknown;
  model: AgentModel;
  toolBox: ToolBox;
  /** Of the file that says which tools there are: their documents alone do not tell what they do. */
  toolsSha256: string;
  options: Omit<SolveOptions, "model" | "toolBox" | "streamsAnswer">;
  cache: ResultCache;
}

export type TriedTask = Tried & {
  /** It had been tried before. */
  isCached: boolean;
};

/** Tries tasks with an agent; what was tried before, in this very way, is not tried again. */
export function createSolver(solver: Solver): (task: LiveTask) => Promise<TriedTask> {
  return async (task) => {
    const offered = offerTools(solver.toolBox, task.tools);
    const tools = offered.tools.map(({ name, description, parameters }) => ({
      name,
      description,
      parameters,
    }));
    const key = keyOf(solver, task, offered);
    const known = Attempt.safeParse(solver.cache.get(key));
    if (known.success) return { attempt: known.data, tools, isCached: true };
    const attempt = await solve(task, { ...solver.options, model: solver.model, toolBox: offered });
    solver.cache.put(key, attempt);
    return { attempt, tools, isCached: false };
  };
}

function keyOf({ who, toolsSha256, options }: Solver, { instruction }: LiveTask, { tools }: ToolBox): string {
  const { limits, strategy, temperature, seed } = options;
  return sha256({
    kind: "live attempt",
    version: 1,
    ...{ who, instruction, toolsSha256, limits, strategy, temperature, seed },
    tools: tools.map(({ source: _, ...tool }) => tool),
  });
}

async function solve({ instruction }: LiveTask, options: SolveOptions): Promise<Attempt> {
  const steps = solveTask({ instruction }, options);
  const events: AgentEvent[] = [];
  try {
    let next = await steps.next();
    for (; next.done !== true; next = await steps.next()) events.push(next.value);
    // Read like one from the cache, so that it is written with its keys in the same order.
    return Attempt.parse(toAttempt(events, next.value));
  } catch (error) {
    // Tools and question alone are too long for a role: this agent cannot do this task, and may do others.
    if (error instanceof MllmError && error.code === "bad_input") return TOO_LONG;
    throw error;
  }
}

const TOO_LONG: Attempt = {
  ...{ outcome: "limit", answer: null, reason: "context", steps: [] },
  ...{ calls: 0, failedCalls: 0, completionTokens: 0 },
};
