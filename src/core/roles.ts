import { fromKeys } from "./from-keys.js";

/** The three parts of the agent, in the order they act. */
export const ROLES = ["planner", "caller", "summarizer"] as const;
export type Role = (typeof ROLES)[number];

/** A subset holds the examples of one role, or of the backbone, where roles are not told apart. */
export const SUBSETS = ["backbone", ...ROLES] as const;
export type Subset = (typeof SUBSETS)[number];

export function byRole<Value>(make: (role: Role) => Value): Record<Role, Value> {
  return fromKeys(ROLES, make);
}

export function bySubset<Value>(make: (subset: Subset) => Value): Record<Subset, Value> {
  return fromKeys(SUBSETS, make);
}

/** What a job trains: one subset, or several roles one after the other. */
export const JOB_SUBSETS = [...SUBSETS, "roles"] as const;
export type JobSubset = (typeof JOB_SUBSETS)[number];
