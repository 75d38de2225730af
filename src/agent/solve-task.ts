import type { Step } from "../core/trajectory.js";
import type { AgentEvent, AgentResult } from "./agent-event.js";
import type { AgentModel } from "./role-model.js";
import type { ToolBox } from "./tool-box.js";

export interface Task {
  instruction: string;
  /** What happened before, where a conversation goes on. */
  steps?: readonly Step[];
}

export interface Limits {
  /** Planner turns of one branch. */
  maxTurns: number;
  /** Of all completions together. */
  maxTokens: number;
  maxSeconds: number;
  maxCalls: number;
  /** Of one completion. */
  maxNewTokens: number;
}

export interface SolveOptions {
  model: AgentModel;
  toolBox: ToolBox;
  limits: Limits;
  /** `chain` never goes back; `search` goes back over tools that may be repeated (depth first, two tries a step). */
  strategy: "chain" | "search";
  temperature: number;
  seed: number;
  signal: AbortSignal;
  now(): Date;
}

/**
 * Lets planner, caller and summarizer solve a task. Deterministic for a seed where backends and tools are. What a
 * model says is never an exception: texts that cannot be read become observations, retries or a give-up.
 */
export async function* solveTask(
  _task: Task,
  _options: SolveOptions,
): AsyncGenerator<AgentEvent, AgentResult> {
  yield* [];
  throw new Error("not there yet");
}

/** One planner turn and what follows from it, for clients that run the tools themselves. */
export async function* takeStep(
  _task: Task,
  _options: Omit<SolveOptions, "strategy" | "toolBox"> & { toolBox: Pick<ToolBox, "tools"> },
): AsyncGenerator<AgentEvent, Step> {
  yield* [];
  throw new Error("not there yet");
}
