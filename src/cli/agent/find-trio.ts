import { MllmError } from "../../core/errors.js";
import { byRole, ROLES, type Role } from "../../core/roles.js";
import type { Checkpoint } from "../../state/rows.js";
import type { State } from "../../state/state.js";

export type Trio = Record<Role, Checkpoint>;

export interface TrioOptions extends Partial<Record<Role, string>> {
  /** `NAME`, or `NAME@VERSION`. */
  agent?: string;
}

/**
 * The three checkpoints that are to act: those named one by one come first, then the agent's, then, where no agent is
 * named, the newest that came from one backbone. Throws not_found, usage, or bad_checkpoint for one of another role.
 */
export function findTrio(state: State | null, options: TrioOptions): Trio {
  if (state === null) {
    const hint = "`mllm train` makes checkpoints; MLLM_DIR names another state folder.";
    throw new MllmError("not_found", "nothing was trained here yet", { hint });
  }
  const base = options.agent === undefined ? newestTrio(state) : agentTrio(state, options.agent);
  const trio = byRole((role) => {
    const id = options[role];
    return id === undefined ? base[role] : checkRole(state.findCheckpoint(id), role);
  });
  const missing = ROLES.filter((role) => trio[role] === undefined);
  if (missing.length === 0) return trio as Trio;
  throw new MllmError("not_found", `there is no trained ${missing.join(" and no trained ")}`, {
    hint: "mllm train --stage 2 --role all trains the three of them.",
  });
}

function agentTrio(state: State, name: string): Trio {
  const [, given = name, version] = /^(.*)@(\d+)$/.exec(name) ?? [];
  const agent = state.getAgent(given, version === undefined ? undefined : Number(version));
  if (agent === null) {
    const names = [...new Set(state.listAgents().map((each) => each.name))];
    throw new MllmError("not_found", `there is no agent ${name}`, {
      hint: names.length === 0 ? "mllm agents set NAME makes one." : `Agents: ${names.join(", ")}.`,
    });
  }
  return byRole((role) => checkRole(state.findCheckpoint(agent[role]), role));
}

/** Runs of this name train arms of a comparison, not what anybody wants to work with. No recipe's name has a colon. */
export const REPRODUCTION_PREFIX = "reproduce:";

/** The best of each role; of several backbones the one whose roles are complete and newest. */
function newestTrio(state: State): Partial<Trio> {
  const best = state.listCheckpoints({ state: "complete" }).filter((row) => row.isBest && row.stage === 2);
  const compared = jobsOfReproductions(state);
  const own = pickTrio(best.filter((row) => !compared.has(row.jobId)));
  return Object.keys(own).length === ROLES.length ? own : pickTrio(best);
}

function jobsOfReproductions(state: State): Set<string> {
  const runs = state.listRuns().filter(({ recipeName }) => recipeName.startsWith(REPRODUCTION_PREFIX));
  return new Set(runs.flatMap(({ id }) => state.listJobs({ runId: id })).map(({ id }) => id));
}

function pickTrio(best: readonly Checkpoint[]): Partial<Trio> {
  const trios = [...new Set(best.map((row) => row.parentId))].map((parentId) => {
    const ofParent = best.filter((row) => row.parentId === parentId);
    return Object.fromEntries(
      ROLES.flatMap((role) => ofParent.find((row) => row.subset === role) ?? []).map((row) => [
        row.subset,
        row,
      ]),
    ) as Partial<Trio>;
  });
  return trios.find((trio) => Object.keys(trio).length === ROLES.length) ?? trios[0] ?? {};
}

function checkRole(row: Checkpoint, role: Role): Checkpoint {
  if (row.subset === role || row.subset === "backbone") return row;
  throw new MllmError("bad_checkpoint", `${row.id} is a ${row.subset}, not a ${role}`, {
    hint: `mllm checkpoints list shows the ${role}s; a backbone can take any role.`,
  });
}
