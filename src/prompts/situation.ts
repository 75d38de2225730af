import type { Step, Tool } from "../core/trajectory.js";

/** Where an agent stands when a role is about to speak. */
export interface Situation {
  instruction: string;
  tools: Tool[];
  /** The complete steps so far. */
  steps: Step[];
  /** The planner's thought of the step under way; null when the planner is about to speak. */
  thought: string | null;
}
