import { Command, Option } from "commander";
import { MllmError } from "../../core/errors.js";
import { ROLES, type Role } from "../../core/roles.js";
import type { PlannedJob } from "../../training/plan-training.js";
import type { TrainingEvent } from "../../training/training-event.js";
import type { Context } from "../context.js";
import { writeNote, writeResult } from "../output.js";
import type { PlanReportRequest } from "../plan-report.js";
import type { Workspace } from "../workspace.js";

interface TrainOptions {
  stage: "1" | "2";
  role?: Role | "all";
  recipe: string;
  data: string;
  from?: string;
  set?: string[];
  detach?: true;
  dryRun?: true;
  json?: true;
}

export function createTrainCommand(context: Context): Command {
  return new Command("train")
    .description("Fine-tune the backbone (stage 1) or the roles that start from it (stage 2)")
    .addOption(
      new Option("--stage <n>", "1: the backbone, on all steps; 2: a role, on its own turns")
        .choices(["1", "2"])
        .makeOptionMandatory(),
    )
    .addOption(new Option("--role <role>", "which role stage 2 trains").choices([...ROLES, "all"]))
    .requiredOption("--recipe <name>", "a recipe in configs/, or the path of one")
    .requiredOption("--data <dir>", "a data set made by `mllm split-data`")
    .option(
      "--from <checkpoint>",
      "start from this checkpoint (id or folder), not from the one lineage finds",
    )
    .option("--set <key=value>", "change one value of the recipe; may be given again", collect)
    .option("--detach", "return when the job is submitted")
    .option("--dry-run", "show what would run, check that it could, and start nothing")
    .option("--json", "print JSON: events, one a line; with --dry-run one document")
    .action((options: TrainOptions) => train(context, options));
}

function collect(value: string, previous: string[] = []): string[] {
  return [...previous, value];
}

async function train(context: Context, options: TrainOptions): Promise<void> {
  const roles = chosenRoles(options);
  const { loadRecipe } = await import("../../recipe/load-recipe.js");
  const { openDataset } = await import("../../data/open-dataset.js");
  const { openWorkspace } = await import("../workspace.js");
  const { findRecipe, resolveModelFolders } = await import("../find-recipe.js");
  const { planWith } = await import("../plan-with-workspace.js");
  const { resolve } = await import("node:path");

  const loaded = resolveModelFolders(
    context,
    await loadRecipe(findRecipe(context, options.recipe), options.set),
  );
  const dataset = await openDataset(resolve(context.cwd, options.data));
  const isDryRun = options.dryRun === true;
  const workspace = await openWorkspace(context, { provider: loaded.recipe.provider, isReadOnly: isDryRun });
  try {
    const stage = options.stage === "1" ? 1 : 2;
    const plan = await planWith(context, workspace, {
      loaded,
      dataset,
      stage,
      roles,
      from: options.from,
      isDryRun,
    });
    if (isDryRun) {
      const { gpu } = loaded.recipe.resources;
      await reportDryRun(
        context,
        { provider: workspace.provider, plan, dataset, gpu },
        options.json === true,
      );
    } else await launch(context, workspace, plan, options);
  } finally {
    workspace.close();
  }
}

function chosenRoles({ stage, role }: TrainOptions): readonly Role[] {
  if (stage === "1") {
    if (role === undefined) return [];
    throw new MllmError("usage", "--role belongs to stage 2: stage 1 trains one backbone for all roles", {
      hint: "Leave out --role, or give --stage 2.",
    });
  }
  if (role === undefined) {
    throw new MllmError(
      "usage",
      "--stage 2 trains a role: expected --role planner, caller, summarizer or all",
      {
        hint: "Add --role all to train the three of them.",
      },
    );
  }
  return role === "all" ? ROLES : [role];
}

async function reportDryRun(context: Context, request: PlanReportRequest, isJson: boolean): Promise<void> {
  const { createPlanReport } = await import("../plan-report.js");
  const { formatPlan } = await import("../plan-view.js");
  const report = await createPlanReport(context, request);
  writeResult(context, { json: isJson, value: report, text: formatPlan(report) });
  if (!report.canStart) context.setExitCode(1);
}

async function launch(
  context: Context,
  workspace: Workspace,
  plan: PlannedJob[],
  options: TrainOptions,
): Promise<void> {
  const problem = plan.find((job) => job.problem !== null)?.problem;
  if (problem) throw problem;
  const { problems } = await workspace.provider.check({
    gpus: Math.max(0, ...plan.map(({ job }) => job.gpus)),
  });
  const [first] = problems;
  if (first !== undefined) {
    const message = problems.map((each) => each.message).join("\n  ");
    throw new MllmError("environment_missing", `${workspace.provider.name} is not ready: ${message}`, {
      hint: first.hint,
    });
  }
  const { trainJobs } = await import("../../training/train-jobs.js");
  const { createTrainingView, isLast } = await import("../training-view.js");
  const view = await createTrainingView(context, options.json === true);
  const endings: TrainingEvent[] = [];
  try {
    const specs = plan.map((job) => job.spec);
    for await (const event of trainJobs(workspace.session, specs, { isDetached: options.detach === true })) {
      view.show(event);
      if (isLast(event)) endings.push(event);
    }
  } finally {
    view.close();
  }
  await finish(context, endings, options);
}

async function finish(context: Context, endings: TrainingEvent[], options: TrainOptions): Promise<void> {
  const { formatResults } = await import("../training-view.js");
  const isDone = endings.every(({ type }) => type === "done" || type === "already_done");
  if (options.json !== true && endings.some(({ type }) => type === "done" || type === "already_done")) {
    writeResult(context, { json: false, value: null, text: formatResults(endings) });
  }
  if (isDone && options.stage === "1") {
    writeNote(
      context,
      `next: mllm train --stage 2 --role all --recipe ${options.recipe} --data ${options.data}`,
    );
  }
  if (isDone && options.stage === "2") writeNote(context, "next: mllm checkpoints lineage");
  const isGoingOn = endings.some(({ type }) => type === "detached" || type === "left_running");
  if (isGoingOn) writeNote(context, "next: mllm jobs watch");
  if (endings.some(({ type }) => type === "failed" || type === "not_started")) context.setExitCode(1);
}
