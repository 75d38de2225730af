import { Command, Option } from "commander";
import { MllmError } from "../../core/errors.js";
import { METHODS } from "../../core/methods.js";
import { ROLES, type Role } from "../../core/roles.js";
import type { PlannedJob } from "../../training/planned-job.js";
import { collectValues } from "../collect-values.js";
import type { Context } from "../context.js";
import { writeResult } from "../output.js";
import { readDollars } from "../read-numbers.js";
import type { TrainOptions } from "../training/launch-training.js";

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
      "start from this checkpoint (id or folder), not from the one lineage finds; base: from the recipe's model",
    )
    .addOption(
      new Option("--method <method>", "what learns in this stage, instead of what the recipe says").choices([
        ...METHODS,
      ]),
    )
    .option("--set <key=value>", "change one value of the recipe; may be given again", collectValues)
    .option(
      "--provider <name>",
      "where to run it instead of where the recipe says; given again: in this order",
      collectValues,
    )
    .option(
      "--max-cost <dollars>",
      "of the whole run, until another is given: refuse to start above it, end what would go above it",
      readDollars,
    )
    .option("--detach", "return when the job is submitted")
    .option("--dry-run", "show what would run, check that it could, and start nothing")
    .option(
      "--calibrate",
      "train the first 20 optimizer steps here, keep nothing but what they took, and stop",
    )
    .option("--json", "print JSON: events, one a line; with --dry-run one document")
    .action((options: TrainOptions) => train(context, options));
}

async function train(context: Context, options: TrainOptions): Promise<void> {
  refuseContradictions(options);
  const roles = chosenRoles(options);
  const { resolve } = await import("node:path");
  const { loadRecipe } = await import("../../recipe/load-recipe.js");
  const { openDataset } = await import("../../data/open-dataset.js");
  const { openWorkspace, resolveWorkspace } = await import("../workspace.js");
  const { checkWritable } = await import("../check-writable.js");
  const { findRecipe } = await import("../training/find-recipe.js");
  const { resolveModelFolders } = await import("../training/find-model.js");
  const { formatTrainCommand, launchTraining } = await import("../training/launch-training.js");
  const { planWith } = await import("../training/plan-with-workspace.js");
  const { chooseProvider } = await import("../training/choose-provider.js");
  const { checkStart } = await import("../training/check-start.js");
  const { createEstimator, estimatePlanned } = await import("../training/estimate-planned.js");
  const { reconcileAll } = await import("../training/with-reconciled.js");
  const { resolveResources } = await import("../../recipe/resolve-resources.js");

  const path = findRecipe(context, options.recipe);
  const read = async (set: readonly string[]) => resolveModelFolders(context, await loadRecipe(path, set));
  const { method, set = [] } = options;
  const loaded = await read(method === undefined ? set : [`method=${method}`, ...set]);
  // In stage 2 it is the roles' method: their backbone is first of all the one that the recipe trains.
  const backboneRecipe = method === undefined ? loaded : await read(set);
  const dataset = await openDataset(resolve(context.cwd, options.data));
  const isDryRun = options.dryRun === true || options.calibrate === true;
  const [unwritable] = isDryRun ? [] : await checkWritable(resolveWorkspace(context).stateFolder);
  if (unwritable !== undefined) throw unwritable;
  const workspace = await openWorkspace(context, { database: isDryRun ? "read-only" : "make" });
  try {
    // A budget has to know what became of the jobs that it was spent on.
    if (!isDryRun) await reconcileAll(context, workspace);
    const { recipe: values } = loaded;
    const names = (options.provider ?? [values.provider].flat()) as [string, ...string[]];
    const resources = resolveResources(values);
    const choices = await chooseProvider(workspace, { names, placement: values.providers, resources });
    const { provider } = choices.chosen;
    const stage = options.stage === "1" ? 1 : 2;
    const plan = await planWith(context, workspace, {
      ...{ loaded, backboneRecipe, dataset, stage, roles, from: options.from, isDryRun },
      stage1Command: formatTrainCommand(options, "--stage 1"),
      provider,
    });
    const estimator = createEstimator(context, { dataset, loaded, plan, provider });
    const estimate = (planned: PlannedJob) => estimatePlanned(estimator, planned);
    const request = { loaded, plan, estimate, choices, maxCost: options.maxCost };
    const check = await checkStart(workspace, { ...request, isEstimated: isDryRun });
    if (options.calibrate === true) {
      const { calibrateJobs } = await import("../training/calibrate-jobs.js");
      const jobsAtOnce = values.providers.local.jobs;
      return await calibrateJobs(context, { check, provider: provider.name, estimator, options, jobsAtOnce });
    }
    if (!isDryRun) return await launchTraining(context, workspace, { request, check, options });
    const { createPlanReport } = await import("../training/plan-report.js");
    const { formatPlan } = await import("../training/plan-view.js");
    const report = await createPlanReport(request, check, estimator);
    writeResult(context, { json: options.json === true, value: report, text: formatPlan(report) });
    if (!report.canStart) context.setExitCode(1);
  } finally {
    workspace.close();
  }
}

function refuseContradictions({ calibrate, dryRun, detach }: TrainOptions): void {
  if (calibrate === undefined || (dryRun === undefined && detach === undefined)) return;
  const other = dryRun === undefined ? "--detach" : "--dry-run";
  throw new MllmError("usage", `--calibrate does not go with ${other}`, {
    hint: "Calibrate first; --dry-run then uses what was measured.",
  });
}

function chosenRoles({ stage, role }: TrainOptions): readonly Role[] {
  if (stage === "1") {
    if (role === undefined) return [];
    throw new MllmError("usage", "--role belongs to stage 2: stage 1 trains one backbone for all roles", {
      hint: "Leave out --role, or give --stage 2.",
    });
  }
  if (role === undefined) {
    const message = "--stage 2 trains a role: expected --role planner, caller, summarizer or all";
    throw new MllmError("usage", message, { hint: "Add --role all to train the three of them." });
  }
  return role === "all" ? ROLES : [role];
}
