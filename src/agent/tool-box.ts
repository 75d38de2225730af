import type { Tool } from "../core/trajectory.js";

/** A tool as the agent sees it. Names are unique and at most 64 characters of `[A-Za-z0-9_.-]`. */
export interface AgentTool extends Tool {
  /** For people: `mcp:weather`, `openapi:petstore.yaml`, `module:tools.mjs`, `client`. */
  source: string;
  /** Calling it twice changes nothing more than not calling it: search may go back over it. */
  isRepeatable: boolean;
  /** It may destroy something: needs the user's consent. */
  isDestructive: boolean;
}

export interface Observation {
  text: string;
  /** The tool said that it failed. A model may go on from it all the same. */
  isError: boolean;
}

/**
 * Tools that run. `call` never throws for what a model or a tool does wrong (no such tool, arguments that are no
 * JSON object or do not fit the schema, a tool that fails, hangs past its time or answers too much): that comes back
 * as an observation with `isError`. It throws `interrupted` where the signal was aborted.
 */
export interface ToolBox {
  readonly tools: readonly AgentTool[];
  call(call: { name: string; arguments: string }, options: { signal: AbortSignal }): Promise<Observation>;
  close(): Promise<void>;
}
