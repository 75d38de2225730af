import type { Observation } from "../tool-box.js";

/** The arguments of a call: the object, and the text as the model wrote it. */
export interface ToolArguments {
  values: Record<string, unknown>;
  text: string;
}

/** A tool under the name that its source knows it by. */
export interface SourceTool {
  name: string;
  description: string;
  /** A JSON Schema of type object. */
  parameters: Record<string, unknown>;
  isRepeatable: boolean;
  isDestructive: boolean;
  /** Where the schema is the tool's own word: calls that do not fit never reach it. Recordings and simulators decide themselves. */
  isChecked: boolean;
  /** May throw anything and may never return: the tool box tells the model what went wrong, and stops waiting. */
  run(call: ToolArguments, signal: AbortSignal): Promise<Observation>;
}

/** Where tools come from. `tools` may change while the source is open. */
export interface ToolSource {
  /** For people: `mcp:weather`. */
  readonly name: string;
  readonly tools: readonly SourceTool[];
  /** What the source's own settings say; null for the tool box's. */
  readonly limits: SourceLimits;
  close(): Promise<void>;
}

export interface SourceLimits {
  timeoutSeconds: number | null;
  maxCharacters: number | null;
}
