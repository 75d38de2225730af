import { isActive } from "../../core/job-state.js";
import { plural } from "../../core/plural.js";
import type { TrainerEvent } from "../../core/trainer-event.js";
import type { Job } from "../../state/rows.js";
import type { State } from "../../state/state.js";
import { type InspectedCheckpoint, inspectCheckpoints } from "../../training/inspect-checkpoint.js";
import { readEvents } from "../../training/read-events.js";
import { isPassing } from "../../training/reconcile.js";
import { handleOf, type Session } from "../../training/session.js";
import { formatMarks } from "../checkpoints/checkpoint-view.js";
import { formatLoss, formatTable } from "../output.js";
import { formatSeconds } from "./plan-view.js";

/** One job as `mllm jobs list --json` gives it (docs/json-output.md). */
interface JobRow extends Omit<Job, Internal> {
  isActive: boolean;
  /** Of all attempts, as far as is known. */
  seconds: number;
  dollars: number;
  recipe: string | null;
  /** Of the best checkpoint. */
  validationLoss: number | null;
}

type Internal =
  | "partKeys"
  | "spec"
  | "claimant"
  | "placement"
  | "secondsBefore"
  | "dollarsBefore"
  | "seconds"
  | "dollars";

interface FullJob extends JobRow {
  /** With `subset` where the job trains several roles: the one at work. */
  progress: Pick<Progress, "subset" | "globalStep" | "totalSteps" | "loss" | "secondsLeft"> | null;
  /** Those that were not removed. */
  checkpoints: InspectedCheckpoint[];
  spec: Job["spec"];
}

type Progress = Extract<TrainerEvent, { type: "progress" }>;

export function describeJobRows(state: State, jobs: readonly Job[]): JobRow[] {
  const recipes = new Map(state.listRuns().map((run) => [run.id, run.recipeName]));
  return jobs.map((job) => createRow(state, job, recipes.get(job.runId) ?? null));
}

export function describeJobRow(state: State, job: Job): JobRow {
  return createRow(state, job, state.listRuns().find((run) => run.id === job.runId)?.recipeName ?? null);
}

function createRow(state: State, job: Job, recipe: string | null): JobRow {
  const {
    spec: _spec,
    partKeys: _partKeys,
    claimant: _claimant,
    placement: _placement,
    secondsBefore,
    dollarsBefore,
    ...row
  } = job;
  const seconds = secondsBefore + (job.seconds ?? 0);
  const dollars = dollarsBefore + (job.dollars ?? 0);
  const best = state.listCheckpoints({ jobId: job.id }).find((checkpoint) => checkpoint.isBest);
  return {
    ...row,
    ...{ seconds, dollars, recipe, isActive: isActive(job.state) },
    // Several roles have no loss in common.
    validationLoss: job.subset === "roles" ? null : (best?.validationLoss ?? null),
  };
}

export async function describeJobInFull({ state, provider }: Session, job: Job): Promise<FullJob> {
  // A provider that cannot be asked now keeps nobody from what is known here.
  const { events } = await readEvents(provider, handleOf(state, job), null).catch(
    (error: unknown): { events: TrainerEvent[] } => {
      if (!isPassing(error)) throw error;
      return { events: [] };
    },
  );
  const last = events.findLast((event): event is Progress => event.type === "progress");
  const { subset, globalStep, totalSteps, loss, secondsLeft } = last ?? {};
  const progress =
    globalStep === undefined || totalSteps === undefined || loss === undefined || secondsLeft === undefined
      ? null
      : { ...(subset === undefined ? {} : { subset }), globalStep, totalSteps, loss, secondsLeft };
  return {
    ...describeJobRow(state, job),
    progress,
    checkpoints: await inspectCheckpoints(
      state.listCheckpoints({ jobId: job.id }).filter((row) => row.state !== "removed"),
    ),
    spec: job.spec,
  };
}

export const jobColumns = [
  "job",
  "stage",
  "subset",
  "state",
  "attempt",
  "loss",
  "recipe",
  "provider",
  "started",
  "took",
  "cost",
];

export function jobCells(job: JobRow): (string | number | null)[] {
  const started = job.submittedAt.slice(0, 16).replace("T", " ");
  return [
    job.id,
    job.stage,
    job.subset,
    job.state,
    job.attempt,
    formatLoss(job.validationLoss),
    job.recipe,
    job.provider,
    started,
    formatSeconds(job.seconds),
    job.dollars > 0 ? `$${job.dollars.toFixed(2)}` : null,
  ];
}

export function formatJob(job: FullJob): string {
  const { progress } = job;
  const facts: [string, string | null][] = [
    ["job", job.id],
    ["state", job.state],
    ["reason", job.reason],
    ["subset", `${job.subset} (stage ${job.stage})`],
    ["recipe", job.recipe],
    ["provider", `${job.provider}${job.providerJobId === null ? "" : ` ${job.providerJobId}`}`],
    [
      "attempt",
      job.restarts === 0
        ? String(job.attempt)
        : `${job.attempt}, restarted ${plural(job.restarts, "time")} by ${job.provider}`,
    ],
    ["took", formatSeconds(job.seconds)],
    ["cost", job.dollars > 0 ? `$${job.dollars.toFixed(2)} in all attempts` : null],
    [
      "progress",
      progress === null
        ? null
        : `${progress.subset === undefined ? "" : `${progress.subset}: `}step ${progress.globalStep} of ${progress.totalSteps}, loss ${formatLoss(progress.loss)}`,
    ],
    ["started", job.submittedAt],
    ["ended", job.endedAt],
    ["folder", job.outputDir],
  ];
  const lines = facts.flatMap(([name, value]) => (value === null ? [] : `${name.padEnd(9)} ${value}`));
  if (job.checkpoints.length === 0) return lines.join("\n");
  const rows = job.checkpoints.map((row) => [
    row.id,
    row.globalStep,
    formatLoss(row.validationLoss),
    [formatMarks(row) || [], formatPlace(row)].flat().join(", "),
  ]);
  return `${lines.join("\n")}\n\n${formatTable(["checkpoint", "step", "loss", ""], rows)}`;
}

function formatPlace({ state, problem }: InspectedCheckpoint): string | [] {
  if (state === "damaged") return `damaged: ${problem}`;
  return state === "remote" ? "where the job ran" : [];
}
