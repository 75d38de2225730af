import type { Role } from "../../core/roles.js";
import type { Step } from "../../core/trajectory.js";

/** How many turns of these steps each role has to learn. */
export function countRoleTurns(steps: readonly Step[]): Record<Role, number> {
  const turns = { planner: 0, caller: 0, summarizer: 0 };
  for (const step of steps) {
    if (step.kind === "user" || step.untrained !== undefined) continue;
    if (step.unplanned === undefined) turns.planner += 1;
    if (step.kind === "call") turns.caller += 1;
    if (step.kind === "answer") turns.summarizer += 1;
  }
  return turns;
}
