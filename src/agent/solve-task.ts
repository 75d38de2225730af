import type { Step } from "../core/trajectory.js";
import { createRenderer } from "../prompts/renderer.js";
import type { AgentEvent, AgentResult } from "./agent-event.js";
import type { CompatProfile } from "./compat/compat-profile.js";
import { solveAsReference } from "./compat/solve-as-reference.js";
import type { Limits } from "./limits.js";
import { exploreFrom, type Found } from "./loop/search.js";
import { LimitReached, Session } from "./loop/session.js";
import { reasonOf, type SpokenStep, takeTurn } from "./loop/take-turn.js";
import type { AgentModel } from "./role-model.js";
import type { ToolBox } from "./tool-box.js";

export interface Task {
  instruction: string;
  /** What happened before, where a conversation goes on. */
  steps?: readonly Step[];
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
  /** Yields `answering` events; joined, the pieces of one step are its answer. */
  streamsAnswer?: boolean;
  /**
   * Follows a reference's search with its own prompts instead of `model.profile`'s; temperature, turns, the length of
   * a completion and the strategy are the reference's then, and `task.steps` and `streamsAnswer` are passed over.
   */
  compat?: CompatProfile;
  now(): Date;
}

/** Of each step, where the strategy is `search`. */
const TRIES = 2;

/** How often a role is asked for one text. */
const MAX_ATTEMPTS = 3;

/** How often `takeStep` tells a planner that its caller's call cannot be run. */
const MAX_CORRECTIONS = 2;

/**
 * Lets planner, caller and summarizer solve a task. Deterministic for a seed where backends and tools are. What a
 * model says is never an exception: texts that cannot be read become observations, retries or a give-up. Throws
 * `interrupted` once the signal is aborted, `bad_input` where tools and question alone are too long for a role, and
 * what a backend throws.
 */
export async function* solveTask(task: Task, options: SolveOptions): AsyncGenerator<AgentEvent, AgentResult> {
  const { toolBox, strategy, compat, model } = options;
  if (compat !== undefined) {
    const { roles } = model;
    return yield* solveAsReference(task, { ...options, profile: compat, roles });
  }
  const session = openSession(task, options);
  const steps = task.steps ?? [];
  const found: Found = { answered: null, gaveUp: null, tooLong: null, current: steps };
  const width = strategy === "search" ? TRIES : 1;
  let limit: LimitReached["limit"] | null = null;
  try {
    yield* exploreFrom({ session, toolBox, width, found }, { steps, turns: 0, hint: null });
  } catch (error) {
    if (!(error instanceof LimitReached)) throw error;
    limit = error.limit;
  } finally {
    session.close();
  }
  return { ...conclude(found, limit), usage: session.usage };
}

function conclude(found: Found, limit: LimitReached["limit"] | null): Omit<AgentResult, "usage"> {
  const answer = found.answered?.at(-1);
  if (answer?.kind === "answer") {
    return { outcome: "answered", answer: answer.answer, reason: null, steps: [...(found.answered ?? [])] };
  }
  if (limit !== null) return { outcome: "limit", answer: null, reason: limit, steps: [...found.current] };
  const last = found.gaveUp?.at(-1);
  if (last?.kind === "give_up") {
    return { outcome: "gave_up", answer: null, reason: reasonOf(last), steps: [...(found.gaveUp ?? [])] };
  }
  return { outcome: "limit", answer: null, reason: "turns", steps: [...(found.tooLong ?? found.current)] };
}

/**
 * One planner turn and what follows from it, for clients that run the tools themselves: a call that can be run (of a
 * tool that there is, its arguments a JSON object, its observation null), an answer or a give-up. A planner whose call
 * cannot be run is told so and plans again, within the step; limits that are reached make a give-up. Throws as
 * `solveTask` does.
 */
export async function* takeStep(task: Task, options: OpenOptions): AsyncGenerator<AgentEvent, SpokenStep> {
  const session = openSession(task, options);
  const steps = [...(task.steps ?? [])];
  try {
    for (let attempt = 0; attempt <= MAX_CORRECTIONS; attempt += 1) {
      session.step = attempt + 1;
      const step = yield* takeTurn(session, steps, null);
      if (step.kind !== "call" || step.observation === null) return step;
      steps.push(step);
    }
    return yield* stop(session, "the caller wrote no call that can be run");
  } catch (error) {
    if (!(error instanceof LimitReached)) throw error;
    return yield* stop(session, `the limit of ${error.limit} is reached`);
  } finally {
    session.close();
  }
}

/**
 * What the roles say to it at first, for measuring them: one planner turn, and one call or answer where it asks for
 * that. Nothing is asked twice, nothing is run, and a call that cannot be run comes back as it was written. Throws as
 * `solveTask` does.
 */
export async function* speakOnce(task: Task, options: OpenOptions): AsyncGenerator<AgentEvent, SpokenStep> {
  const session = openSession(task, { ...options, maxAttempts: 1 });
  try {
    const step = yield* takeTurn(session, task.steps ?? [], null);
    return step.kind === "call" ? { ...step, observation: null } : step;
  } finally {
    session.close();
  }
}

async function* stop(session: Session, reason: string): AsyncGenerator<AgentEvent, SpokenStep> {
  yield { type: "gave_up", ...session.at, reason };
  return { kind: "give_up", thought: "", untrained: "stopped" };
}

type OpenOptions = Omit<SolveOptions, "strategy" | "toolBox" | "compat"> & {
  toolBox: Pick<ToolBox, "tools">;
  maxAttempts?: number;
};

function openSession({ instruction, steps = [] }: Task, options: OpenOptions): Session {
  const { toolBox, streamsAnswer = false, maxAttempts = MAX_ATTEMPTS } = options;
  const question = steps.findLast((step) => step.kind === "user") ?? null;
  const renderer = createRenderer(options.model.profile);
  const { tools } = toolBox;
  return new Session({ ...options, renderer, instruction, question, tools, streamsAnswer, maxAttempts });
}
