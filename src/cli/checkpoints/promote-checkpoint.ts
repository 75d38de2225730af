import { MllmError } from "../../core/errors.js";
import { byRole, ROLES, type Role } from "../../core/roles.js";
import { compareItems } from "../../evaluation/compare/compare-items.js";
import type { Comparison } from "../../evaluation/compare/comparison.js";
import {
  type Condition,
  judgeComparisons,
  type Verdict,
} from "../../evaluation/compare/judge-comparisons.js";
import type { StoredEvaluation } from "../../evaluation/evaluation.js";
import type { Agent, Checkpoint } from "../../state/rows.js";
import type { State } from "../../state/state.js";
import { checkSameProfile } from "../agent/check-same-profile.js";
import { findTrio } from "../agent/find-trio.js";
import {
  hashesOf,
  listEvaluationsOf,
  pairEvaluations,
  readEvaluatedItems,
} from "../evaluation/find-compared-evaluations.js";

interface PromoteRequest {
  /** Of the checkpoint, or the beginning of it. */
  id: string;
  agentName: string;
  /** Only a backbone needs one: it can take any. */
  role?: Role;
  conditions: readonly Condition[];
  isForced: boolean;
  /** ISO time of the new version. */
  at: string;
}

export interface Promotion {
  agent: Agent;
  /** The version before; the same where nothing was promoted. */
  previous: Agent;
  role: Role;
  checkpoint: string;
  isPromoted: boolean;
  /** It was promoted although it is worse, or nobody knows. */
  isForced: boolean;
  /** Of the agent as it was (A) and with the checkpoint (B): one for each data set that both were evaluated on. */
  comparisons: Comparison[];
  /** Null where there was nothing to compare. */
  verdict: Verdict | null;
}

/**
 * Makes a checkpoint an agent's for its role, where evaluations say that the agent does not get worse by it. A worse
 * one is not promoted, which is no error. Throws not_found where evaluations are missing, unless it is forced.
 */
export async function promoteCheckpoint(state: State, request: PromoteRequest): Promise<Promotion> {
  const { agentName, conditions, isForced, at } = request;
  const previous = state.getAgent(agentName);
  if (previous === null) {
    throw new MllmError("not_found", `there is no agent ${agentName}`, {
      hint: "mllm agents list shows those there are; mllm agents set makes one.",
    });
  }
  const row = state.findCheckpoint(request.id);
  const role = roleOf(row, request.role);
  const promotion = { ...{ agent: previous, previous, role, checkpoint: row.id, isForced: false } };
  if (previous[role] === row.id) return { ...promotion, isPromoted: false, comparisons: [], verdict: null };
  const trio = findTrio(state, { agent: agentName, [role]: row.id });
  await checkSameProfile(trio);
  const candidate = { ...previous, [role]: row.id };
  const pairs = await findPairs(state, { previous, candidate, role, isForced });
  const comparisons: Comparison[] = [];
  for (const [a, b] of pairs) {
    comparisons.push(compareItems(await readEvaluatedItems(a), await readEvaluatedItems(b)));
  }
  const verdict = comparisons.length === 0 ? null : judgeComparisons(comparisons, conditions);
  const isAllowed = verdict !== null && !verdict.isWorse;
  if (!isAllowed && !isForced) return { ...promotion, isPromoted: false, comparisons, verdict };
  // All three: what was compared becomes the agent, whoever has changed it meanwhile.
  const roles = byRole((each) => candidate[each]);
  const agent = state.saveAgent(agentName, roles, at);
  return { ...promotion, agent, isPromoted: true, isForced: !isAllowed, comparisons, verdict };
}

function roleOf({ id, subset }: Checkpoint, wanted: Role | undefined): Role {
  if (subset !== "backbone") return wanted ?? subset;
  if (wanted !== undefined) return wanted;
  throw new MllmError("usage", `${id} is a backbone, which can take any role`, {
    hint: `Say which: --role ${ROLES.join("|")}.`,
  });
}

interface Swap {
  previous: Agent;
  candidate: Agent;
  role: Role;
  isForced: boolean;
}

async function findPairs(state: State, swap: Swap): Promise<ReturnType<typeof pairEvaluations>> {
  const ofPrevious = await listEvaluationsOf(state, hashesOf(state, swap.previous));
  const ofCandidate = await listEvaluationsOf(state, hashesOf(state, swap.candidate));
  const pairs = pairEvaluations(ofPrevious, ofCandidate);
  if (pairs.length === 0 && !swap.isForced) throw nothingToCompare(swap, ofPrevious, ofCandidate);
  return pairs;
}

/** Names the commands that would make what is missing. */
function nothingToCompare(
  { previous, candidate, role }: Swap,
  ofPrevious: readonly StoredEvaluation[],
  ofCandidate: readonly StoredEvaluation[],
): MllmError {
  const { name } = previous;
  const newest = (ofPrevious[0] ?? ofCandidate[0])?.evaluation;
  const kind = newest?.kind ?? "static";
  const command = `mllm eval ${kind} ${kind === "static" ? "--data FILE" : "--tasks FILE --tools FILE"} --agent ${name}`;
  const asItIs = ofPrevious.length === 0 ? [command] : [];
  const withIt =
    ofCandidate.length === 0 || asItIs.length === 0 ? [`${command} --${role} ${candidate[role]}`] : [];
  const same =
    newest === undefined ? "on one FILE" : `with the data and options of ${newest.id} (${newest.data.name})`;
  return new MllmError(
    "not_found",
    `nothing says whether ${name} gets worse by ${candidate[role]}: the agent as it is and with that ${role} were not evaluated on the same data in the same way`,
    { hint: `Run, ${same}: ${[...asItIs, ...withIt].join("; ")}. Or --force, which promotes it unseen.` },
  );
}
