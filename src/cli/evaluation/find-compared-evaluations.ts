import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { MllmError } from "../../core/errors.js";
import { canonicalJson } from "../../core/ids.js";
import { byRole, type Role } from "../../core/roles.js";
import type { EvaluatedItems } from "../../evaluation/compare/comparison.js";
import { listOtherSettings } from "../../evaluation/compare/pair-items.js";
import type { Evaluation, StoredEvaluation } from "../../evaluation/evaluation.js";
import { readEvaluation, readItems } from "../../evaluation/evaluation-folder.js";
import type { Agent, EvaluationRow } from "../../state/rows.js";
import type { State } from "../../state/state.js";
import type { Context } from "../context.js";
import { findStoredEvaluation } from "./stored-evaluations.js";

type Pair<T> = readonly [a: T, b: T];

interface Wanted {
  state: State | null;
  /** Each an id or the beginning of one, a folder, or an agent's name; of an agent the newest evaluation that fits. */
  names: Pair<string>;
  acrossSettings: boolean;
}

/** Throws not_found where a name is nobody's, or two agents were never evaluated in the same way. */
export async function findComparedEvaluations(
  context: Context,
  { state, names, acrossSettings }: Wanted,
): Promise<Pair<StoredEvaluation>> {
  const [a, b] = [await candidatesOf(context, state, names[0]), await candidatesOf(context, state, names[1])];
  const [newest] = pairEvaluations(a, b, { acrossSettings });
  if (newest !== undefined) return newest;
  // Two that were named outright: the comparison itself says in what they differ.
  if (a[0] !== undefined && b[0] !== undefined && a.length === 1 && b.length === 1) return [a[0], b[0]];
  throw new MllmError(
    "not_found",
    `${names[0]} and ${names[1]} were not evaluated on the same data with the same settings`,
    { hint: "mllm eval list shows what they were evaluated on." },
  );
}

export async function readEvaluatedItems({ folder, evaluation }: StoredEvaluation): Promise<EvaluatedItems> {
  return { evaluation, items: await readItems(folder) };
}

/** Those of A and B that can be compared, one pair for each data set and way of evaluating; B's newest first. */
export function pairEvaluations(
  a: readonly StoredEvaluation[],
  b: readonly StoredEvaluation[],
  { acrossSettings = false } = {},
): Pair<StoredEvaluation>[] {
  const pairs = new Map<string, Pair<StoredEvaluation>>();
  for (const candidate of b) {
    const { kind, data, settings } = candidate.evaluation;
    const baseline = a.find(
      ({ evaluation }) =>
        evaluation.kind === kind &&
        evaluation.data.sha256 === data.sha256 &&
        (acrossSettings || listOtherSettings(evaluation, candidate.evaluation).length === 0),
    );
    const key = canonicalJson([kind, data.sha256, settings]);
    if (baseline !== undefined && !pairs.has(key)) pairs.set(key, [baseline, candidate]);
  }
  return [...pairs.values()];
}

/** Evaluations of these weights, newest first; those whose files are gone are passed over. */
export async function listEvaluationsOf(
  state: State,
  hashes: Record<Role, string>,
): Promise<StoredEvaluation[]> {
  const found = await Promise.all(state.listEvaluations({ hashes }).map(readIfThere));
  return found.filter((each) => each !== null);
}

/** Null where its files are gone. */
async function readIfThere({ folder }: Pick<EvaluationRow, "folder">): Promise<StoredEvaluation | null> {
  return await readEvaluation(folder).catch((error: unknown) => {
    if (error instanceof MllmError && error.code === "not_found") return null;
    throw error;
  });
}

/** What to do after an evaluation: compare it with the newest that it can be compared with, else look at it. */
export async function adviseNext(state: State, evaluation: Evaluation): Promise<string> {
  const { id, kind, data } = evaluation;
  for (const row of state.listEvaluations({ kind, dataSha256: data.sha256 })) {
    const other = row.id === id ? null : await readIfThere(row);
    if (other !== null && listOtherSettings(other.evaluation, evaluation).length === 0)
      return `mllm eval compare ${row.id} ${id}`;
  }
  return `mllm report ${id} --out report.html`;
}

/** The weights of an agent's roles. */
export function hashesOf(state: State, agent: Agent): Record<Role, string> {
  return byRole((role) => state.findCheckpoint(agent[role]).hash);
}

async function candidatesOf(
  context: Context,
  state: State | null,
  text: string,
): Promise<StoredEvaluation[]> {
  const isFolder = existsSync(join(resolve(context.cwd, text), "evaluation.json"));
  const [, name = text, version] = /^(.*)@(\d+)$/.exec(text) ?? [];
  const agent = isFolder ? null : state?.getAgent(name, version === undefined ? undefined : Number(version));
  if (!agent && version !== undefined && (state?.listAgents(name).length ?? 0) > 0) {
    const hint = `mllm agents show ${name} lists its versions.`;
    throw new MllmError("not_found", `agent ${name} has no version ${version}`, { hint });
  }
  if (!state || !agent) return [await findStoredEvaluation(context, state, text)];
  const evaluations = await listEvaluationsOf(state, hashesOf(state, agent));
  if (evaluations.length > 0) return evaluations;
  throw new MllmError("not_found", `agent ${agent.name}@${agent.version} was not evaluated`, {
    hint: `mllm eval static --data FILE --agent ${agent.name}`,
  });
}
