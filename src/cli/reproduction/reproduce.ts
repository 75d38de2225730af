import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { MllmError } from "../../core/errors.js";
import { loadRecipe } from "../../recipe/load-recipe.js";
import { resolveResources } from "../../recipe/resolve-resources.js";
import { describeReproduction } from "../../reproduction/describe-reproduction.js";
import { type Reproduced, reproduce } from "../../reproduction/reproduce.js";
import { type Reproduction, writeReproduction } from "../../reproduction/reproduction.js";
import type { State } from "../../state/state.js";
import type { Context } from "../context.js";
import type { openEvaluatedAgent } from "../evaluation/open-evaluated-agent.js";
import { quoteArgument, writeJsonLine, writeNote, writeResult } from "../output.js";
import { refuseToStart } from "../training/check-start.js";
import { resolveModelFolders } from "../training/find-model.js";
import { findRecipe } from "../training/find-recipe.js";
import { reconcileAll } from "../training/with-reconciled.js";
import { openWorkspace, type Workspace } from "../workspace.js";
import { createEvaluator } from "./reproduce-evaluate.js";
import { describePlan, formatReproductionPlan } from "./reproduce-plan-view.js";
import {
  type Prepared,
  prepareReproduction,
  type ReproduceOptions,
  uniqueJobs,
} from "./reproduce-prepare.js";
import { createReproductionView } from "./reproduce-progress.js";
import { formatReproduction } from "./reproduce-view.js";

/** Trains and evaluates every arm; run again, it does what is missing. `open`: tests bring roles of their own. */
export async function runReproduction(
  context: Context,
  { options, open }: { options: ReproduceOptions; open?: typeof openEvaluatedAgent },
): Promise<void> {
  const recipe = await loadRecipe(findRecipe(context, options.recipe), options.set);
  const loaded = resolveModelFolders(context, recipe);
  const isDryRun = options.dryRun === true;
  const out = isDryRun
    ? await mkdtemp(join(tmpdir(), "mllm-reproduce-"))
    : resolve(context.cwd, options.out ?? join("out", `reproduce-${loaded.recipe.name}`));
  const workspace = await openWorkspace(context, { database: isDryRun ? "read-only" : "make" });
  try {
    if (!isDryRun) await reconcileAll(context, workspace);
    const prepared = await prepareReproduction(context, workspace, { options, loaded, out });
    if (isDryRun) return await showPlan(context, prepared, options);
    refuseToStart(prepared.check.problems);
    const reproduced = await run(context, workspace, { prepared, options, open });
    await finish(context, { prepared, reproduced, options });
  } finally {
    workspace.close();
    if (isDryRun) await rm(out, { recursive: true, force: true });
  }
}

async function showPlan(context: Context, prepared: Prepared, options: ReproduceOptions): Promise<void> {
  const { loaded, seeds, choices, check } = prepared;
  const { provider, readiness } = choices.chosen;
  const atOnce = await provider.concurrency(resolveResources(loaded.recipe));
  const plan = describePlan({
    ...{ recipe: { name: loaded.recipe.name, sha256: loaded.sha256 }, seeds, check },
    ...{ provider: provider.name, isReady: readiness.isReady, atOnce },
  });
  writeResult(context, { json: options.json === true, value: plan, text: formatReproductionPlan(plan) });
  if (!plan.canStart) context.setExitCode(1);
}

interface RunRequest {
  prepared: Prepared;
  options: ReproduceOptions;
  open: typeof openEvaluatedAgent | undefined;
}

async function run(
  context: Context,
  workspace: Workspace,
  { prepared, options, open }: RunRequest,
): Promise<Reproduced> {
  const { loaded, seeds, choices, check, data, out } = prepared;
  const { providers: placement } = loaded.recipe;
  const session = await workspace.sessionWith(choices.chosen.provider.name, placement);
  const fallbacks = await Promise.all(
    choices.fallbacks.map(({ provider }) => workspace.sessionWith(provider.name, placement)),
  );
  const plan = uniqueJobs(seeds);
  const runId = plan[0]?.spec.runId;
  if (options.maxCost !== undefined && runId !== undefined) session.state.limitRun(runId, options.maxCost);
  const resources = resolveResources(loaded.recipe);
  const how = { resources, fallbacks, budgets: check.budget.budgets, sessionOf: workspace.sessionOf };
  const state = workspace.state as State;
  const { concurrency, maxNewTokens } = options;
  const settings = { concurrency, maxNewTokens, ...(open && { open }) };
  const evaluator = await createEvaluator(context, { state, out, data, ...settings });
  const extent = { jobs: plan.length, evaluations: seeds.reduce((sum, { arms }) => sum + arms.length, 0) };
  const view = await createReproductionView(context, { isJson: options.json === true, extent });
  try {
    const evaluationsAtOnce = session.provider.name === "local" ? await session.provider.concurrency() : 1;
    const { evaluate } = evaluator;
    const events = reproduce({ session, options: how, seeds, evaluate, evaluationsAtOnce });
    let next = await events.next();
    for (; next.done !== true; next = await events.next()) view.show(next.value);
    return next.value;
  } finally {
    view.close();
    await evaluator.close();
    if (context.signal.aborted) writeNote(context, GOES_ON);
  }
}

const GOES_ON = "interrupted; trainers at work go on, and the same command goes on from here";

interface Ending {
  prepared: Prepared;
  reproduced: Reproduced;
  options: ReproduceOptions;
}

async function finish(context: Context, { prepared, reproduced, options }: Ending): Promise<void> {
  const { loaded, lengths, rates, seeds, out } = prepared;
  if (context.signal.aborted) throw new MllmError("interrupted", GOES_ON);
  const tokenBasis = rates.backbone.basis;
  const finished = { ...reproduced, folder: out, loaded, lengths, tokenBasis, seeds };
  const reproduction = describeReproduction(finished);
  await writeReproduction(out, reproduction);
  show(context, { reproduction, out }, options);
  if (reproduction.missing.length > 0) context.setExitCode(1);
}

function show(
  context: Context,
  { reproduction, out }: { reproduction: Reproduction; out: string },
  options: ReproduceOptions,
): void {
  if (options.json) {
    writeJsonLine(context, { type: "reproduction", folder: out, reproduction });
    return;
  }
  writeResult(context, { json: false, value: null, text: formatReproduction(reproduction) });
  writeNote(context, `written to ${out}`);
  if (reproduction.missing.length > 0) writeNote(context, "next: mllm jobs list");
  else writeNote(context, `next: mllm report ${quoteArgument(options.out ?? out)} --out report.html`);
}
