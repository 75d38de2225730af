import type { Profile } from "../core/profile.js";
import type { Role } from "../core/roles.js";
import type { Tool } from "../core/trajectory.js";

/** Raw text in, raw text out. `prompt` and `stop` hold the model's own end-of-turn token, nothing of the profile's. */
export interface CompletionRequest {
  prompt: string;
  stop: readonly string[];
  maxTokens: number;
  /** 0: the most probable token, always. */
  temperature: number;
  seed: number;
  /** The caller's: what a call may look like. Backends that can, decode nothing else; others pass it over. */
  grammar: CallGrammar | null;
  signal: AbortSignal;
}

/** A call is `before`, the name of one tool, `between`, a JSON object that its parameters allow, `after`. */
export interface CallGrammar {
  before: string;
  between: string;
  after: string;
  tools: readonly Pick<Tool, "name" | "parameters">[];
}

export interface Completion {
  /** Without the stop string. */
  text: string;
  /** `length`: cut at maxTokens. */
  finishReason: "stop" | "length";
  promptTokens: number | null;
  completionTokens: number | null;
}

/**
 * A server's model. Failures are MllmErrors (`backend_failed`, retryable ones after a few tries of its own;
 * `interrupted` where the signal was aborted). Made by the factories in `backends/`.
 */
export interface RoleBackend {
  /** For people: `caller at http://127.0.0.1:8000`. */
  readonly name: string;
  complete(request: CompletionRequest): Promise<Completion>;
  /** The same, in pieces as they are decoded; returns the whole. */
  stream(request: CompletionRequest): AsyncGenerator<string, Completion>;
}

/** A trained role that can speak. */
export interface RoleModel {
  backend: RoleBackend;
  /** Of the checkpoint's manifest: stands where texts have the profile's `endOfTurn`. */
  endOfTurnToken: string;
  /** Tokens that prompt and completion may have together. */
  contextTokens: number;
  /** How long a prompt is, for budgets: exact where the tokenizer is at hand, else an estimate from characters. */
  countTokens(text: string): number;
}

/** Three roles, trained with one profile, that solve tasks together. */
export interface AgentModel {
  profile: Profile;
  roles: Record<Role, RoleModel>;
}
