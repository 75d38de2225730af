import { Command } from "commander";
import { collectValues } from "../collect-values.js";
import type { Context } from "../context.js";
import { writeNote, writeResult } from "../output.js";
import type { Workspace } from "../workspace.js";

interface ReapOptions {
  provider?: string;
  recipe?: string;
  set?: string[];
  foreign?: true;
  dryRun?: true;
  json?: true;
}

export function createReapCommand(context: Context): Command {
  return new Command("reap")
    .description(
      "End what providers run for nobody: machines whose job is over, unknown, a second one or past its deadline",
    )
    .option("--provider <name>", "only this one; default: every place that jobs were sent to")
    .option("--recipe <name>", "whose settings say where the provider is, if no job was sent there yet")
    .option("--set <key=value>", "change one value of that recipe; may be given again", collectValues)
    .option("--foreign", "also what other state folders started in the same account")
    .option("--dry-run", "show what would be ended, end nothing")
    .option("--json", "print JSON")
    .action((options: ReapOptions) => reap(context, options));
}

async function reap(context: Context, options: ReapOptions): Promise<void> {
  const { collectOrphans } = await import("../training/collect-orphans.js");
  const { describeOrphans, formatOrphans } = await import("../training/orphan-view.js");
  const { withReconciled } = await import("../training/with-reconciled.js");
  const placement = await readPlacement(context, options);
  // Named, it is asked even by a state folder that knows of nothing: its database may have been lost.
  const database = options.provider === undefined ? "existing" : "make";
  const work = async (workspace: Workspace) => {
    const collection = await collectOrphans(workspace, {
      ...(options.provider === undefined ? {} : { provider: options.provider }),
      ...(placement === null ? {} : { placement }),
    });
    const report = describeOrphans(collection);
    const targets = [
      ...collection.orphans.map(({ orphan, end }) => ({ ...orphan, end })),
      ...(options.foreign ? collection.foreign.map(({ listed, end }) => ({ ...listed, end })) : []),
    ];
    const alive: { label: string; providerJobId: string; reason: string }[] = [];
    for (const { label, providerJobId, end } of options.dryRun ? [] : targets) {
      await end().catch((error: Error) => alive.push({ label, providerJobId, reason: error.message }));
    }
    const ended = options.dryRun ? 0 : targets.length - alive.length;
    const text = [
      formatOrphans(report),
      ...(ended > 0 ? [`ended ${ended} of ${targets.length}`] : []),
      ...alive.map((each) => `STILL ALIVE: ${each.label} (${each.providerJobId}): ${each.reason}`),
    ].join("\n");
    writeResult(context, { json: options.json === true, value: { ...report, ended, alive }, text });
    if (alive.length > 0 || report.unasked.length > 0) context.setExitCode(1);
    if (!options.json && options.dryRun && targets.length > 0) writeNote(context, "next: mllm reap");
  };
  await withReconciled(context, work, database);
}

async function readPlacement(context: Context, { recipe, set }: ReapOptions) {
  if (recipe === undefined) return null;
  const { loadRecipe } = await import("../../recipe/load-recipe.js");
  const { findRecipe } = await import("../training/find-recipe.js");
  return (await loadRecipe(findRecipe(context, recipe), set)).recipe.providers;
}
