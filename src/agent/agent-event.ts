import type { Role } from "../core/roles.js";
import type { Step, ToolCall } from "../core/trajectory.js";
import type { PlannerDecision } from "../prompts/parse-turn.js";

/** Of one attempt along one chain; a search has several. */
interface At {
  /** Which branch of the search, from 0. */
  branch: number;
  /** The step within the branch, from 1. */
  step: number;
}

/** What happens while an agent solves a task; plain data, one JSON line each with `--json`. */
export type AgentEvent =
  | (At & { type: "planned"; thought: string; decision: PlannerDecision })
  | (At & { type: "called"; call: ToolCall })
  | (At & { type: "observed"; text: string; isError: boolean })
  | (At & { type: "answered"; text: string })
  /** A piece of the answer as it is written; only where the caller of the agent asked for pieces. */
  | (At & { type: "answering"; piece: string })
  | (At & { type: "gave_up"; reason: string })
  /** The search goes back to a step of an earlier branch. */
  | (At & { type: "went_back"; toStep: number })
  /** `note`: the kind of it in snake_case, where an evaluation counts it. */
  | (At & { type: "warned"; message: string; note?: string })
  /** After every completion. */
  | (At & { type: "spoke"; role: Role; promptTokens: number; completionTokens: number; seconds: number });

/** How it ended. */
export interface AgentResult {
  outcome: "answered" | "gave_up" | "limit";
  answer: string | null;
  /** Why it gave up, or which limit ended it (`turns`, `tokens`, `seconds`, `calls`). */
  reason: string | null;
  usage: Record<Role, { completions: number; promptTokens: number; completionTokens: number }>;
  /** The chain that ended so: what a trajectory would record. */
  steps: Step[];
}
