import type { JobHandle, JobStatus } from "../provider.js";
import { judgeStatus, type ProviderView } from "../remote/judge-status.js";
import { layout } from "../remote/layout.js";
import { RunnerConfig, RunnerState } from "../remote/runner-files.js";
import { parseJson, readStoredText } from "../remote/stored-text.js";
import { findJobId, readJob } from "./find-job.js";
import { isAlive, viewOfState } from "./job-state.js";
import type { SlurmJob } from "./slurm-client.js";
import type { SlurmParts } from "./slurm-parts.js";

/** What another node has just written may take a moment to be seen here; so may the requeue after PREEMPTED. */
const SECOND_LOOK_MILLISECONDS = 3000;
const LOG_TAIL_BYTES = 64 * 1024;

interface View {
  view: ProviderView;
  raw: string;
  reason: string | null;
}

interface Sight {
  /** Null where the controller knows no such job. */
  found: SlurmJob | null;
  runner: RunnerState | null;
}

/** Slurm says whether the job has ended; how, its own last words say, where there are any. */
export async function readStatus(parts: SlurmParts, job: JobHandle): Promise<JobStatus> {
  const id = job.providerJobId ?? (await findJobId(parts, job));
  const { found, runner } = await look(parts, job, id);
  const view = found === null ? await viewWithoutRecord(parts, job, { id, runner }) : viewOfRecord(found);
  const explained = runner === null ? await explainNoRunner(parts, job, view) : view;
  const lastWord = await parts.jobs.lastWord(job);
  const status = judgeStatus({ ...explained, runner, lastWord, dollarsPerHour: 0 });
  return { ...status, restarts: Math.max(status.restarts, found?.restarts ?? 0) };
}

/** In this order: what was written before the end is read after it. */
async function look(parts: SlurmParts, job: JobHandle, id: string | null): Promise<Sight> {
  const lookOnce = async () => ({
    found: id === null ? null : await readJob(parts, id, job.label),
    runner: await parts.jobs.runnerState(job),
  });
  const first = await lookOnce();
  if (first.found === null || isAlive(first.found.state)) return first;
  if (first.runner?.state === "ended" && viewOfState(first.found.state) !== "preempted") return first;
  await parts.sleep(SECOND_LOOK_MILLISECONDS);
  return lookOnce();
}

function viewOfRecord({ state, reason }: Pick<SlurmJob, "state" | "reason">): View {
  const view = viewOfState(state);
  const hasReason = reason !== "" && reason !== "None";
  return { view, raw: hasReason ? `${state} (${reason})` : state, reason: reasonOf(state, reason) };
}

/** Null where Slurm says no more than that the job failed: its own last word is better. */
function reasonOf(state: string, reason: string): string | null {
  const word = /^[A-Z_]+/.exec(state)?.[0];
  if (word === "TIMEOUT") {
    return "TIMEOUT: the cluster's time limit ended the job; submitted again, it goes on from its last complete checkpoint";
  }
  if (word === "FAILED" || word === "COMPLETED") return null;
  return reason === "" || reason === "None" ? (word ?? null) : `${word}: ${reason}`;
}

/** The controller forgets ended jobs after some minutes (MinJobAge). */
async function viewWithoutRecord(
  parts: SlurmParts,
  job: JobHandle,
  { id, runner }: { id: string | null; runner: RunnerState | null },
): Promise<View> {
  const gone: View = { view: "gone", raw: "unknown to Slurm", reason: null };
  if (id === null) return gone;
  const [accounted] = (await parts.client.accounted({ id })).filter(({ name }) => name === job.label);
  if (accounted !== undefined) return viewOfRecord(accounted);
  if (runner?.state === "ended" && runner.reason !== "signal") return gone;
  return { ...gone, ...(await readLogWords(parts, job, id)) };
}

/** Slurm writes into the job's output why it ended it. */
async function readLogWords(
  { storage }: SlurmParts,
  { name }: JobHandle,
  id: string,
): Promise<Partial<View>> {
  const folder = layout.job(name);
  const path = `${folder}/trainer.log`;
  const size = (await storage.list(folder)).find((file) => file.path === path)?.sizeBytes ?? 0;
  const tail = await storage.read(path, Math.max(0, size - LOG_TAIL_BYTES), LOG_TAIL_BYTES);
  const pattern = new RegExp(
    `\\*\\*\\* JOB ${id} ON \\S+ CANCELLED AT \\S+(?: DUE TO ([A-Z ]+?))? \\*\\*\\*`,
    "g",
  );
  const last = [...(tail?.toString("utf8") ?? "").matchAll(pattern)].at(-1);
  if (last === undefined) return {};
  switch (last[1]) {
    case undefined:
      return { view: "cancelled" };
    case "TIME LIMIT":
      return { view: "failed", reason: reasonOf("TIMEOUT", "") };
    case "PREEMPTION":
    case "NODE FAILURE":
      return { view: "preempted", reason: last[1] };
    default:
      return {};
  }
}

async function explainNoRunner(parts: SlurmParts, job: JobHandle, view: View): Promise<View> {
  if (view.view !== "failed" || view.reason !== null) return explainDependency(parts, job, view);
  const where = "check providers.slurm.python, and that the compute nodes share providers.slurm.folder";
  return { ...view, reason: `${view.raw}: the job never came as far as its runner; ${where}` };
}

/** A job that never began because the one before it failed: Slurm cancels it, or has forgotten it since. */
async function explainDependency({ storage }: SlurmParts, job: JobHandle, view: View): Promise<View> {
  const isCancelled = view.view === "cancelled" && view.raw.includes("Dependency");
  if (!isCancelled && view.view !== "gone") return view;
  const text = await readStoredText(storage, `${layout.job(job.name)}/runner.json`);
  const config = RunnerConfig.safeParse(parseJson(text)).data;
  if (config?.label !== job.label || config.after === null) return view;
  const parent = config.after.slice((await storage.root()).length + 1);
  const words = await readStoredText(storage, `${parent}/runner-state.json`);
  const state = RunnerState.safeParse(parseJson(words)).data;
  const hasFailed = state?.state === "ended" && state.exitCode !== 0;
  // Accounting does not tell this from a job that was cancelled while it waited.
  if (!hasFailed && !view.raw.includes("DependencyNeverSatisfied")) return view;
  const why = hasFailed ? (state.message ?? state.reason ?? "no reason given") : "Slurm says so";
  return { ...view, view: "failed", reason: `parent_failed: the job before this one failed: ${why}` };
}
