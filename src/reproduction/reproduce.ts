import type { JobSpec } from "../core/job-spec.js";
import { ROLES, type Role } from "../core/roles.js";
import type { EvaluationEvent, StoredEvaluation } from "../evaluation/evaluation.js";
import type { Item } from "../evaluation/item.js";
import type { Checkpoint } from "../state/rows.js";
import { mergeEvents } from "../training/merge-events.js";
import type { Session } from "../training/session.js";
import { trainJobs } from "../training/train-jobs.js";
import type { TrainOptions } from "../training/train-options.js";
import type { TrainingEvent } from "../training/training-event.js";
import type { ArmPlan } from "./plan-arms.js";
import type { SeedJob, SeedPlan } from "./plan-seed.js";

/** An arm as one seed made it. */
export interface ArmSubject {
  seed: number;
  arm: ArmPlan;
  checkpoints: Record<Role, Checkpoint>;
}

/** What was found out about it. */
export interface ArmScores {
  evaluations: StoredEvaluation[];
  items: Item[];
}

export type ArmResult = ArmSubject & ArmScores;

/** What came about; checkpoints by the key of the job that made them. */
export interface Reproduced {
  results: ArmResult[];
  trained: ReadonlyMap<string, Checkpoint>;
}

interface ReproduceRequest {
  session: Session;
  options: TrainOptions;
  seeds: readonly SeedPlan[];
  /** Looks up what it has evaluated before. */
  evaluate(subject: ArmSubject): AsyncGenerator<EvaluationEvent, ArmScores>;
  /** They run on this machine, wherever the jobs do. */
  evaluationsAtOnce: number;
}

export type ReproductionEvent =
  /** `job` is the name of the work: `one-stage/tokens/caller`. */
  | { type: "training"; seed: number; job: string; event: TrainingEvent }
  | { type: "evaluating"; seed: number; arm: ArmPlan; event: EvaluationEvent }
  | { type: "evaluated"; seed: number; arm: ArmPlan; scores: ArmScores };

/** Something to be done when what it needs is there. */
type Task = (() => AsyncGenerator<ReproductionEvent>) & { isReady(): boolean };

/**
 * Trains what the arms need and evaluates each arm as soon as it is there, as much at once as the provider takes.
 * Work of one key is done once, whichever arms share it, and what was done before is not done again. Arms whose jobs
 * failed, or that an interruption left, are not among the results.
 */
export async function* reproduce(request: ReproduceRequest): AsyncGenerator<ReproductionEvent, Reproduced> {
  const trained = new Map<string, Checkpoint>();
  const results: ArmResult[] = [];
  const evaluations = { running: 0 };
  const tasks = request.seeds.flatMap((plan) => [
    ...trainingTasks(request, plan, trained),
    ...plan.arms.map((arm) => evaluationTask(request, { plan, arm, trained, results, evaluations })),
  ]);
  const limit = await request.session.provider.concurrency(request.options.resources);
  yield* mergeEvents(tasks, limit, (task) => !request.session.signal.aborted && task.isReady());
  return { results, trained };
}

/** Those with the most work behind them come first, so that no core waits for them at the end. */
function trainingTasks(request: ReproduceRequest, plan: SeedPlan, trained: Map<string, Checkpoint>): Task[] {
  const byKey = new Map([...plan.jobs.values()].reverse().map((job) => [job.spec.jobKey, job]));
  const behind = (job: SeedJob): number => {
    const children = [...byKey.values()].filter(({ parentKey }) => parentKey === job.spec.jobKey);
    return job.draft.tokens + Math.max(0, ...children.map(behind));
  };
  const ordered = [...byKey.values()].sort((a, b) => behind(b) - behind(a));
  return ordered.map((job) => trainingTask(request, { seed: plan.seed, job, trained }));
}

interface Training {
  seed: number;
  job: SeedJob;
  trained: Map<string, Checkpoint>;
}

function trainingTask({ session, options }: ReproduceRequest, { seed, job, trained }: Training): Task {
  const { spec, parentKey, draft } = job;
  const run = async function* (): AsyncGenerator<ReproductionEvent> {
    const parent = parentKey === null ? null : (trained.get(parentKey) ?? null);
    for await (const event of trainJobs(session, [startFrom(spec, parent)], options)) {
      if (event.type === "done" || event.type === "already_done") trained.set(spec.jobKey, event.best);
      yield { type: "training", seed, job: draft.name, event };
    }
  };
  return Object.assign(run, { isReady: () => parentKey === null || trained.has(parentKey) });
}

function startFrom(spec: JobSpec, parent: Checkpoint | null): JobSpec {
  if (parent === null) return spec;
  const { id, hash, jobId, path } = parent;
  return { ...spec, model: path, parent: { jobId, id, hash } };
}

interface EvaluationWork {
  plan: SeedPlan;
  arm: ArmPlan;
  trained: ReadonlyMap<string, Checkpoint>;
  results: ArmResult[];
  evaluations: { running: number };
}

function evaluationTask(request: ReproduceRequest, work: EvaluationWork): Task {
  const { plan, arm, trained, results, evaluations } = work;
  const { seed } = plan;
  const checkpointOf = (role: Role) => trained.get(plan.jobs.get(arm.models[role])?.spec.jobKey ?? "");
  const run = async function* (): AsyncGenerator<ReproductionEvent> {
    evaluations.running += 1;
    try {
      const checkpoints = Object.fromEntries(ROLES.map((role) => [role, checkpointOf(role)]));
      const subject = { seed, arm, checkpoints: checkpoints as Record<Role, Checkpoint> };
      const steps = request.evaluate(subject);
      let next = await steps.next();
      for (; next.done !== true; next = await steps.next()) {
        yield { type: "evaluating", seed, arm, event: next.value };
      }
      const scores = next.value;
      results.push({ ...subject, ...scores });
      yield { type: "evaluated", seed, arm, scores };
    } finally {
      evaluations.running -= 1;
    }
  };
  const isReady = () =>
    evaluations.running < request.evaluationsAtOnce &&
    ROLES.every((role) => checkpointOf(role) !== undefined);
  return Object.assign(run, { isReady });
}
