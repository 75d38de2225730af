import type { Role } from "../../core/roles.js";
import type { Step } from "../../core/trajectory.js";

export interface Question {
  role: Role;
  steps: readonly Step[];
  /** The planner's thought of this step; null for the planner. */
  thought: string | null;
  /** From 0; further ones ask with more temperature, because the same text would come back. */
  attempt: number;
}
