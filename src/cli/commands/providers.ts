import { Command } from "commander";
import { MllmError } from "../../core/errors.js";
import { collectValues } from "../collect-values.js";
import type { Context } from "../context.js";
import { writeNote, writeResult } from "../output.js";

interface CheckOptions {
  recipe?: string;
  set?: string[];
  json?: true;
}

export function createProvidersCommand(context: Context): Command {
  const providers = new Command("providers").description("The places where jobs can run");
  providers
    .command("list", { isDefault: true })
    .description("List what each starts from, needs, costs, bounds and gives back")
    .option("--json", "print JSON")
    .action((options: { json?: true }) => list(context, options));
  providers
    .command("check")
    .description("Ask whether they are ready: credentials, versions, machines, prices; changes nothing")
    .argument("[name...]", "which ones; default: all")
    .option("--recipe <name>", "with the resources and the settings of this recipe; default: tiny")
    .option("--set <key=value>", "change one value of that recipe; may be given again", collectValues)
    .option("--json", "print JSON")
    .action((names: string[], options: CheckOptions) => check(context, names, options));
  return providers;
}

async function list(context: Context, { json }: { json?: true }): Promise<void> {
  const { PROVIDERS } = await import("../../providers/index.js");
  const { describeProvider, formatProviders } = await import("../training/providers-view.js");
  const value = { providers: PROVIDERS.map(describeProvider) };
  writeResult(context, { json: json === true, value, text: formatProviders(PROVIDERS) });
  if (!json) writeNote(context, "next: mllm providers check NAME --recipe NAME");
}

async function check(context: Context, given: string[], options: CheckOptions): Promise<void> {
  const { PROVIDERS } = await import("../../providers/index.js");
  const { checkProviders } = await import("../training/check-providers.js");
  const { formatChecks } = await import("../training/providers-view.js");
  const { openWorkspace } = await import("../workspace.js");
  const all = PROVIDERS.map(({ name }) => name);
  const unknown = given.find((name) => !all.includes(name));
  if (unknown !== undefined) {
    const hint = `Providers: ${all.join(", ")}.`;
    throw new MllmError("not_found", `there is no provider ${unknown}`, { hint });
  }
  const wishes = await readWishes(context, options);
  const workspace = await openWorkspace(context, { database: "read-only" });
  try {
    const names = given.length > 0 ? [...new Set(given)] : all;
    const checked = await checkProviders(context, workspace, { names, ...wishes });
    const text = formatChecks(checked);
    writeResult(context, { json: options.json === true, value: { providers: checked }, text });
    // Nobody has all of them; who names one wants that one.
    if (given.length > 0 && checked.some(({ isReady }) => !isReady)) context.setExitCode(1);
  } finally {
    workspace.close();
  }
}

/** What to ask for: as the recipe says. The smallest recipe wants no GPU and has no settings. */
async function readWishes(context: Context, { recipe: name = "tiny", set }: CheckOptions) {
  const { resolveResources } = await import("../../recipe/resolve-resources.js");
  const { loadRecipe } = await import("../../recipe/load-recipe.js");
  const { findRecipe } = await import("../training/find-recipe.js");
  const { recipe } = await loadRecipe(findRecipe(context, name), set);
  return { placement: recipe.providers, resources: resolveResources(recipe) };
}
