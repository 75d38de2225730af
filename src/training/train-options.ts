import type { Resources } from "../core/resources.js";
import type { Job } from "../state/rows.js";
import type { JobBudget } from "./plan-budget.js";
import type { Session } from "./session.js";

export interface TrainOptions {
  /** Return after submission. Jobs beyond what the provider runs at once are then not started. */
  isDetached?: boolean;
  /** One process on the CPU where nothing is said. */
  resources?: Resources;
  /** Where to go on when the session's provider has no room, in order. */
  fallbacks?: readonly Session[];
  /** By jobKey: what a job may still cost, and its price at the session's provider, where there is one. */
  budgets?: ReadonlyMap<string, JobBudget>;
  /** The session that a job was submitted in, which may be another place; the one given where nothing is said. */
  sessionOf?: (job: Job) => Promise<Session>;
}

export interface DriveOptions extends TrainOptions {
  /** Whether another provider is asked where this one has no room. */
  hasFallback: boolean;
  /** Whether this provider is asked because another had no room: its prices were not asked for yet. */
  isFallback: boolean;
}
