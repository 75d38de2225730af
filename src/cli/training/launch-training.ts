import type { Method } from "../../core/methods.js";
import type { Role } from "../../core/roles.js";
import { resolveResources } from "../../recipe/resolve-resources.js";
import type { Session } from "../../training/session.js";
import { trainJobs } from "../../training/train-jobs.js";
import type { TrainingEvent } from "../../training/training-event.js";
import type { Context } from "../context.js";
import { quoteArgument, writeNote, writeResult } from "../output.js";
import type { Workspace } from "../workspace.js";
import { refuseToStart, type StartCheck, type StartRequest } from "./check-start.js";
import { createTrainingView, formatResults, isLast } from "./training-view.js";

/** The options of `mllm train`, as commander gives them. */
export interface TrainOptions {
  stage: "1" | "2";
  role?: Role | "all";
  recipe: string;
  data: string;
  /** Of this stage. */
  method?: Method;
  from?: string;
  provider?: string[];
  maxCost?: number;
  set?: string[];
  detach?: true;
  dryRun?: true;
  calibrate?: true;
  json?: true;
}

/** Starts what was planned and follows it to its end, or to the submission with `--detach`. */
export async function launchTraining(
  context: Context,
  workspace: Workspace,
  { request, check, options }: Launch,
): Promise<void> {
  refuseToStart(check.problems);
  const { choices, loaded, plan } = request;
  const { providers: placement } = loaded.recipe;
  for (const { provider, readiness } of choices.passedOver) {
    writeNote(context, `${provider.name} is passed over: ${readiness.problems[0]?.message}`);
  }
  const session = await workspace.sessionWith(choices.chosen.provider.name, placement);
  const fallbacks = await Promise.all(
    choices.fallbacks.map(({ provider }) => workspace.sessionWith(provider.name, placement)),
  );
  await warnOfOrphans(context, session);
  const runId = plan[0]?.spec.runId;
  const { budgets } = check.budget;
  if (options.maxCost !== undefined && runId !== undefined) session.state.limitRun(runId, options.maxCost);
  const view = await createTrainingView(context, options.json === true);
  const endings: TrainingEvent[] = [];
  try {
    const specs = plan.map((job) => job.spec);
    const resources = resolveResources(loaded.recipe);
    const isDetached = options.detach === true;
    const { sessionOf } = workspace;
    const how = { isDetached, resources, fallbacks, budgets, sessionOf };
    for await (const event of trainJobs(session, specs, how)) {
      view.show(event);
      if (isLast(event)) endings.push(event);
    }
  } finally {
    view.close();
  }
  finish(context, endings, options);
}

/** Before more is spent: what still runs for nobody. */
async function warnOfOrphans(context: Context, session: Session): Promise<void> {
  const { findOrphans } = await import("../../training/find-orphans.js");
  const { isPassing } = await import("../../training/reconcile.js");
  const { orphans } = await findOrphans(session).catch((error: unknown) => {
    if (!isPassing(error)) throw error;
    return { orphans: [] };
  });
  if (orphans.length === 0) return;
  const dollars = orphans.reduce((sum, { dollarsPerHour }) => sum + (dollarsPerHour ?? 0), 0);
  const cost = dollars > 0 ? ` for $${dollars.toFixed(2)} an hour` : "";
  const { name } = session.provider;
  writeNote(context, `${name} runs ${orphans.length} of ours for nobody${cost}: mllm reap ends them`);
}

interface Launch {
  request: StartRequest;
  check: StartCheck;
  options: TrainOptions;
}

function finish(context: Context, endings: TrainingEvent[], options: TrainOptions): void {
  const trained = endings.filter(({ type }) => type === "done" || type === "already_done");
  if (endings.some(({ type }) => type === "failed" || type === "not_started")) context.setExitCode(1);
  if (options.json === true) return;
  if (trained.length > 0) {
    writeResult(context, { json: false, value: null, text: formatResults(trained) });
  }
  const isGoingOn = endings.some(({ type }) => type === "detached" || type === "left_running");
  if (isGoingOn) writeNote(context, "next: mllm jobs watch");
  else if (trained.length < endings.length) writeNote(context, "next: mllm jobs list");
  else if (options.stage === "2") writeNote(context, "next: mllm checkpoints lineage");
  else writeNote(context, `next: ${formatTrainCommand(options, "--stage 2 --role all", trained)}`);
}

/** The command for another stage of the same training. A backbone that began elsewhere has to be named. */
export function formatTrainCommand(
  options: TrainOptions,
  stage: string,
  trained: TrainingEvent[] = [],
): string {
  const [first] = trained;
  const isNamed =
    options.from !== undefined && options.from !== "base" && first !== undefined && "best" in first;
  const parts = [
    "mllm train",
    stage,
    `--recipe ${quoteArgument(options.recipe)} --data ${quoteArgument(options.data)}`,
  ];
  for (const name of options.provider ?? []) parts.push(`--provider ${quoteArgument(name)}`);
  for (const assignment of options.set ?? []) parts.push(`--set ${quoteArgument(assignment)}`);
  const { method } = options;
  // A backbone's method is what stage 2 finds it by.
  if (method !== undefined && options.stage === "1") parts.push(`--set method=${method}`);
  else if (method !== undefined && stage.startsWith("--stage 2")) parts.push(`--method ${method}`);
  if (isNamed) parts.push(`--from ${first.best.id}`);
  return parts.join(" ");
}
