import type { AgentModel } from "../role-model.js";
import type { SolveOptions } from "../solve-task.js";
import type { ToolBox } from "../tool-box.js";

/** An agent and how it works for everyone who asks. */
export interface ServedAgent extends Pick<SolveOptions, "limits" | "strategy" | "temperature" | "seed"> {
  /** What clients call the model. */
  name: string;
  model: AgentModel;
  /** Tools that run here; null where clients bring theirs. */
  toolBox: ToolBox | null;
}
