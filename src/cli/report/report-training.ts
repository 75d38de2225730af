import { MllmError } from "../../core/errors.js";
import { JOB_SUBSETS, ROLES, type Role, type Subset } from "../../core/roles.js";
import type { TrainerEvent } from "../../core/trainer-event.js";
import type { TrainedCheckpoint, TrainedJob, Training } from "../../evaluation/report/report-data.js";
import type { Job } from "../../state/rows.js";
import type { State } from "../../state/state.js";
import { type InspectedCheckpoint, inspectWithManifest } from "../../training/inspect-checkpoint.js";
import { buildLineage, type LineageNode } from "../../training/lineage.js";
import { readEvents } from "../../training/read-events.js";
import { handleOf } from "../../training/session.js";
import { selectForLineage } from "../checkpoints/checkpoint-view.js";
import type { Workspace } from "../workspace.js";

type Known = Workspace & { state: State };

/** What these jobs have trained, and the checkpoints that they began with. */
export async function gatherTraining(workspace: Known, jobs: readonly Job[]): Promise<Training | null> {
  const all = withParents(workspace.state, jobs);
  if (all.length === 0) return null;
  const place = ({ subset }: Job) => JOB_SUBSETS.indexOf(subset);
  const inOrder = [...all].sort((a, b) => place(a) - place(b) || a.createdAt.localeCompare(b.createdAt));
  const recipes = new Map(workspace.state.listRuns().map((run) => [run.id, run.recipeName]));
  return {
    dataSets: await gatherLineage(workspace.state, all),
    jobs: (
      await Promise.all(
        inOrder.map(async (job) => {
          const known = await eventsOf(workspace, job);
          return describeParts(workspace.state, job, { ...known, recipe: recipes.get(job.runId) ?? null });
        }),
      )
    ).flat(),
  };
}

/** A role's job is shown with the backbone's, whose run may be another one. */
function withParents(state: State, jobs: readonly Job[]): Job[] {
  const found = new Map(jobs.map((job) => [job.id, job]));
  for (const { parentJobId } of jobs) {
    const parent = parentJobId === null ? null : state.getJob(parentJobId);
    if (parent !== null) found.set(parent.id, parent);
  }
  return [...found.values()];
}

async function gatherLineage(state: State, jobs: readonly Job[]): Promise<Training["dataSets"]> {
  const ids = new Set(jobs.map(({ id }) => id));
  const rows = state.listCheckpoints().filter(({ jobId }) => ids.has(jobId));
  const inspected = await Promise.all(rows.map(inspectWithManifest));
  const bases = new Map(inspected.map(({ id, manifest }) => [id, manifest?.baseModel ?? null]));
  const describe = ({ checkpoint, children }: LineageNode<InspectedCheckpoint>): TrainedCheckpoint => ({
    id: checkpoint.id,
    subset: checkpoint.subset,
    globalStep: checkpoint.globalStep,
    baseModel: checkpoint.parentId === null ? (bases.get(checkpoint.id) ?? null) : null,
    lossBefore: checkpoint.initialValidationLoss,
    lossAfter: checkpoint.validationLoss,
    children: children.map(describe),
  });
  return buildLineage(selectForLineage(inspected, null)).map(({ dataHash, checkpoints }) => ({
    hash: dataHash,
    checkpoints: checkpoints.map(describe),
  }));
}

/** A provider that cannot be asked now keeps nobody from what is known here. */
async function eventsOf(workspace: Known, job: Job): Promise<Pick<JobFacts, "events" | "problem">> {
  try {
    const { provider } = await workspace.sessionOf(job);
    const { events } = await readEvents(provider, handleOf(workspace.state, job), null);
    return { events, problem: events.length === 0 ? "its events are gone" : null };
  } catch (error) {
    if (!(error instanceof MllmError) || error.code === "bad_state") throw error;
    return { events: [], problem: error.message };
  }
}

interface JobFacts {
  events: readonly TrainerEvent[];
  problem: string | null;
  recipe: string | null;
}

/** A job of several roles is shown as each of them; what it took is shared by the time that each was at work. */
function describeParts(state: State, job: Job, facts: JobFacts): TrainedJob[] {
  const { subset } = job;
  if (subset !== "roles") return [describeJob(state, job, { ...facts, subset, share: 1 })];
  const saved = new Set(state.listCheckpoints({ jobId: job.id }).map((row) => row.subset));
  const parts = ROLES.map((role) => ({ role, said: eventsOfRole(facts.events, role) }));
  const known = parts.filter(({ role, said }) => said.length > 0 || saved.has(role));
  const lasted = known.map(({ said }) => {
    const times = said.map(({ time }) => Date.parse(time));
    return times.length === 0 ? 0 : Math.max(...times) - Math.min(...times);
  });
  const total = lasted.reduce((sum, each) => sum + each, 0);
  return known.map(({ role, said }, i) => {
    const share = total === 0 ? 1 / known.length : (lasted[i] ?? 0) / total;
    return describeJob(state, job, { ...facts, events: said, subset: role, share });
  });
}

/** As if it had been a job of its own. */
function eventsOfRole(events: readonly TrainerEvent[], role: Role): TrainerEvent[] {
  return events.flatMap((event): TrainerEvent[] => {
    if (event.type !== "done") return event.subset === role ? [event] : [];
    const result = event.parts?.find((part) => part.subset === role);
    // The time of the end is that of the last role's.
    const time = events.findLast(({ subset }) => subset === role)?.time;
    return result === undefined || time === undefined ? [] : [{ ...event, ...result, time }];
  });
}

function describeJob(
  state: State,
  job: Job,
  { events, problem, recipe, subset, share }: JobFacts & { subset: Subset; share: number },
): TrainedJob {
  const best = state.listCheckpoints({ jobId: job.id, subset }).find(({ isBest }) => isBest);
  const kept = keepLastTries(events);
  const progress = kept.filter((event) => event.type === "progress");
  const evaluated = kept.filter((event) => event.type === "evaluated");
  const data = events.findLast((event) => event.type === "data" && event.split === "train");
  const last = progress.at(-1);
  const done = kept.findLast((event) => event.type === "done");
  const { rows = null, tokens = null } = data?.type === "data" ? data : {};
  // The last step is not always logged.
  const epochs =
    last === undefined ? null : last.epoch * ((done?.globalStep ?? last.globalStep) / last.globalStep);
  const { id, state: jobState, provider } = job;
  return {
    ...{ id, subset, recipe, state: jobState, provider, rows, problem },
    trainingLoss: progress.map(({ globalStep, loss }) => ({ globalStep, loss })),
    validationLoss: evaluated.map(({ globalStep, loss }) => ({ globalStep, loss })),
    bestStep: best?.globalStep ?? null,
    lastStep: done?.globalStep ?? last?.globalStep ?? null,
    tokens: tokens === null || epochs === null ? null : Math.round(tokens * epochs),
    seconds: share * (job.secondsBefore + (job.seconds ?? 0)),
    dollars: share * (job.dollarsBefore + (job.dollars ?? 0)),
  };
}

/** Steps that a broken attempt had taken past its last checkpoint were taken again. */
function keepLastTries(events: readonly TrainerEvent[]): TrainerEvent[] {
  const kept: TrainerEvent[] = [];
  for (const event of events) {
    if (event.type === "started") {
      const isUndone = (old: TrainerEvent) => "globalStep" in old && old.globalStep > event.fromStep;
      kept.splice(0, kept.length, ...kept.filter((old) => !isUndone(old)));
    }
    kept.push(event);
  }
  return kept;
}
