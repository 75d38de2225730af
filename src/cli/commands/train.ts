import { Command, Option } from "commander";
import { MllmError } from "../../core/errors.js";
import { ROLES, type Role } from "../../core/roles.js";
import type { Context } from "../context.js";
import type { TrainOptions } from "../launch-training.js";
import { writeResult } from "../output.js";

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
  const { resolve } = await import("node:path");
  const { loadRecipe } = await import("../../recipe/load-recipe.js");
  const { openDataset } = await import("../../data/open-dataset.js");
  const { openWorkspace, resolveWorkspace } = await import("../workspace.js");
  const { checkWritable } = await import("../check-writable.js");
  const { findRecipe } = await import("../find-recipe.js");
  const { resolveModelFolders } = await import("../find-model.js");
  const { formatTrainCommand, launchTraining } = await import("../launch-training.js");
  const { planWith } = await import("../plan-with-workspace.js");

  const recipe = await loadRecipe(findRecipe(context, options.recipe), options.set);
  const loaded = resolveModelFolders(context, recipe);
  const dataset = await openDataset(resolve(context.cwd, options.data));
  const isDryRun = options.dryRun === true;
  const [unwritable] = isDryRun ? [] : await checkWritable(resolveWorkspace(context).stateFolder);
  if (unwritable !== undefined) throw unwritable;
  const workspace = await openWorkspace(context, {
    provider: loaded.recipe.provider,
    database: isDryRun ? "read-only" : "make",
  });
  try {
    const stage = options.stage === "1" ? 1 : 2;
    const stage1Command = formatTrainCommand(options, "--stage 1");
    const request = { loaded, dataset, stage, roles, from: options.from, stage1Command, isDryRun } as const;
    const plan = await planWith(context, workspace, request);
    if (!isDryRun) return await launchTraining(context, workspace, plan, options);
    const { createPlanReport } = await import("../plan-report.js");
    const { formatPlan } = await import("../plan-view.js");
    const report = await createPlanReport(context, {
      workspace,
      plan,
      dataset,
      gpu: loaded.recipe.resources.gpu,
    });
    writeResult(context, { json: options.json === true, value: report, text: formatPlan(report) });
    if (!report.canStart) context.setExitCode(1);
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
    const message = "--stage 2 trains a role: expected --role planner, caller, summarizer or all";
    throw new MllmError("usage", message, { hint: "Add --role all to train the three of them." });
  }
  return role === "all" ? ROLES : [role];
}
