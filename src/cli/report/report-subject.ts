import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { MllmError } from "../../core/errors.js";
import { ROLES } from "../../core/roles.js";
import type { Evaluation, StoredEvaluation } from "../../evaluation/evaluation.js";
import { readEvaluation } from "../../evaluation/evaluation-folder.js";
import type { Agent, EvaluationRow, Job, Run } from "../../state/rows.js";
import type { State } from "../../state/state.js";
import type { Context } from "../context.js";
import {
  findComparedEvaluations,
  hashesOf,
  listEvaluationsOf,
} from "../evaluation/find-compared-evaluations.js";
import { findStoredEvaluation } from "../evaluation/stored-evaluations.js";

/** What a report is about. */
interface ReportSubject {
  /** Safe in a file name. */
  name: string;
  title: string;
  summary: string;
  jobs: readonly Job[];
  evaluations: readonly StoredEvaluation[];
  isComparison: boolean;
}

/** More evaluations than this stand in no report of a run or an agent: the oldest. */
const MOST_EVALUATIONS = 4;

/**
 * No name: the newest run. One: a run, an evaluation or its folder, an agent. Two: a baseline and a candidate. Throws
 * not_found where a name is nobody's or nothing was done here yet.
 */
export async function chooseReportSubject(
  context: Context,
  state: State | null,
  names: readonly string[],
): Promise<ReportSubject> {
  const [first, second] = names;
  if (first === undefined) return await newest(state);
  if (second !== undefined) return await bothOf(context, state, [first, second]);
  const isFolder = existsSync(join(resolve(context.cwd, first), "evaluation.json"));
  const run = isFolder ? undefined : state?.listRuns().find(({ id }) => isBeginning(first, id));
  if (state !== null && run !== undefined) return await ofRun(state, run);
  const [, name = first, version] = /^(.*)@(\d+)$/.exec(first) ?? [];
  const agent = isFolder ? null : state?.getAgent(name, version === undefined ? undefined : Number(version));
  if (state !== null && agent) return await ofAgent(state, agent);
  return ofEvaluation(state, await findStoredEvaluation(context, state, first).catch(explain));

  function explain(error: unknown): never {
    if (!(error instanceof MllmError) || error.code !== "not_found" || isFolder) throw error;
    throw new MllmError("not_found", `no run, evaluation or agent is called ${first}`, {
      hint: "mllm jobs, mllm eval list and mllm agents show what there is.",
      cause: error,
    });
  }
}

function isBeginning(text: string, id: string): boolean {
  return text === id || (text.length > "run-".length && id.startsWith(text));
}

async function newest(state: State | null): Promise<ReportSubject> {
  const [run] = state?.listRuns() ?? [];
  if (state !== null && run !== undefined) return await ofRun(state, run);
  const [row] = state?.listEvaluations() ?? [];
  if (row !== undefined) return ofEvaluation(state, await readEvaluation(row.folder));
  throw new MllmError("not_found", "nothing was trained or evaluated here yet", {
    hint: "`mllm train` or `mllm eval static` makes something to report; MLLM_DIR names another state folder.",
  });
}

async function ofRun(state: State, run: Run): Promise<ReportSubject> {
  const jobs = state.listJobs({ runId: run.id });
  const trained = new Set(
    jobs.flatMap(({ id }) => state.listCheckpoints({ jobId: id })).map(({ hash }) => hash),
  );
  const rows = state
    .listEvaluations()
    .filter(({ checkpoints }) => ROLES.some((role) => trained.has(checkpoints?.[role]?.hash ?? "")));
  return {
    name: run.id,
    title: `Run of ${run.recipeName}`,
    summary: `${run.id}, begun on ${run.createdAt.slice(0, 10)}: what was trained, and what that is worth.`,
    jobs,
    evaluations: await readNewest(rows),
    isComparison: false,
  };
}

async function ofAgent(state: State, agent: Agent): Promise<ReportSubject> {
  const evaluations = await listEvaluationsOf(state, hashesOf(state, agent));
  const name = `${agent.name}@${agent.version}`;
  return {
    name: name.replaceAll(/[^\w.-]/g, "-"),
    title: name,
    summary: `Set on ${agent.createdAt.slice(0, 10)}: how it was trained, and what it is worth.`,
    jobs: jobsOf(
      state,
      ROLES.map((role) => state.findCheckpoint(agent[role]).hash),
    ),
    evaluations: evaluations.slice(0, MOST_EVALUATIONS),
    isComparison: false,
  };
}

function ofEvaluation(state: State | null, stored: StoredEvaluation): ReportSubject {
  const { id, kind, subject, data } = stored.evaluation;
  return {
    name: id,
    title: subject.name,
    summary: `${kind === "static" ? "Beside what was recorded in" : "At work on"} ${data.name}.`,
    jobs: jobsOf(state, hashesIn(stored.evaluation)),
    evaluations: [stored],
    isComparison: false,
  };
}

async function bothOf(
  context: Context,
  state: State | null,
  names: readonly [string, string],
): Promise<ReportSubject> {
  const [a, b] = await findComparedEvaluations(context, { state, names, acrossSettings: false });
  const [baseline, candidate] = [a.evaluation, b.evaluation];
  return {
    name: `${baseline.id}-${candidate.id}`,
    title: `${nameOf(candidate)} beside ${nameOf(baseline)}`,
    summary: `A candidate (B) and a baseline (A) on ${baseline.data.name}.`,
    jobs: jobsOf(state, [...hashesIn(baseline), ...hashesIn(candidate)]),
    evaluations: [a, b],
    isComparison: true,
  };
}

/** Three checkpoints are no title. */
function nameOf({ subject, id }: Evaluation): string {
  return subject.name.length <= 40 ? subject.name : id;
}

function hashesIn({ subject }: Evaluation): string[] {
  return Object.values(subject.checkpoints ?? {}).map(({ hash }) => hash);
}

/** The jobs that made these weights, as far as that was here. */
function jobsOf(state: State | null, hashes: readonly string[]): Job[] {
  const wanted = new Set(hashes);
  const makers = (state?.listCheckpoints() ?? []).filter(({ hash }) => wanted.has(hash));
  const ids = [...new Set(makers.map(({ jobId }) => jobId))];
  return ids.flatMap((id) => state?.getJob(id) ?? []);
}

/** Evaluations whose files are gone are passed over. */
async function readNewest(rows: readonly EvaluationRow[]): Promise<StoredEvaluation[]> {
  const found: StoredEvaluation[] = [];
  for (const { folder } of rows) {
    if (found.length === MOST_EVALUATIONS) break;
    if (existsSync(join(folder, "evaluation.json"))) found.push(await readEvaluation(folder));
  }
  return found;
}
