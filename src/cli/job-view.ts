import { isActive } from "../core/job-state.js";
import type { TrainerEvent } from "../core/trainer-event.js";
import type { Job, State } from "../state/open-state.js";
import { type InspectedCheckpoint, inspectCheckpoints } from "../training/inspect-checkpoint.js";
import { readEvents } from "../training/read-events.js";
import { handleOf, type Session } from "../training/session.js";
import { formatMarks } from "./checkpoint-view.js";
import { formatLoss, formatTable } from "./output.js";

/** One job as `mllm jobs list --json` gives it (docs/json-output.md). */
interface JobRow extends Omit<Job, "spec" | "claimant"> {
  isActive: boolean;
  recipe: string | null;
  /** Of the best checkpoint. */
  validationLoss: number | null;
}

interface FullJob extends JobRow {
  progress: Pick<Progress, "globalStep" | "totalSteps" | "loss" | "secondsLeft"> | null;
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
  const { spec: _spec, claimant: _claimant, ...row } = job;
  const best = state.listCheckpoints({ jobId: job.id }).find((checkpoint) => checkpoint.isBest);
  return { ...row, isActive: isActive(job.state), recipe, validationLoss: best?.validationLoss ?? null };
}

export async function describeJobInFull({ state, provider }: Session, job: Job): Promise<FullJob> {
  const { events } = await readEvents(provider, handleOf(job), null);
  const last = events.findLast((event): event is Progress => event.type === "progress");
  const { globalStep, totalSteps, loss, secondsLeft } = last ?? {};
  const progress =
    globalStep === undefined || totalSteps === undefined || loss === undefined || secondsLeft === undefined
      ? null
      : { globalStep, totalSteps, loss, secondsLeft };
  return {
    ...describeJobRow(state, job),
    progress,
    checkpoints: await inspectCheckpoints(state.listCheckpoints({ jobId: job.id, state: "complete" })),
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
    ["attempt", String(job.attempt)],
    [
      "progress",
      progress === null
        ? null
        : `step ${progress.globalStep} of ${progress.totalSteps}, loss ${formatLoss(progress.loss)}`,
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
    [formatMarks(row) || [], row.state === "damaged" ? `damaged: ${row.problem}` : []].flat().join(", "),
  ]);
  return `${lines.join("\n")}\n\n${formatTable(["checkpoint", "step", "loss", ""], rows)}`;
}
