import { Command } from "commander";
import type { Checkpoint } from "../../state/rows.js";
import type { State } from "../../state/state.js";
import { nothingTrained } from "../checkpoints/nothing-trained.js";
import type { Context } from "../context.js";
import { formatTable, writeNote, writeResult } from "../output.js";
import { createPullCommand, createPushCommand } from "./checkpoint-copies.js";
import { createPromoteCommand } from "./checkpoint-promote.js";

interface JsonOption {
  json?: true;
}

interface AllOption extends JsonOption {
  all?: true;
}

const JSON_OPTION = ["--json", "print JSON"] as const;
const ID = ["<id>", "its id, or the beginning of it"] as const;

export function createCheckpointsCommand(context: Context): Command {
  const checkpoints = new Command("checkpoints").description(
    "Show, check, promote, copy and remove trained checkpoints",
  );
  checkpoints
    .command("list", { isDefault: true })
    .description("List complete checkpoints, here and where their jobs ran, newest first")
    .option("--all", "also damaged and removed ones")
    .option(...JSON_OPTION)
    .action((options: AllOption) => list(context, options));
  checkpoints
    .command("show")
    .description("Show one checkpoint and its manifest")
    .argument(...ID)
    .option(...JSON_OPTION)
    .action((id: string, options: JsonOption) => show(context, id, options));
  checkpoints
    .command("verify")
    .description("Hash all files again; exit code 1 where one is damaged")
    .argument("[id]", "its id, or the beginning of it; without one, all of them")
    .option(...JSON_OPTION)
    .action((id: string | undefined, options: JsonOption) => verify(context, id, options));
  checkpoints
    .command("lineage")
    .description("Show which data set and backbone each checkpoint came from")
    .argument("[id]", "only this one's ancestors and descendants")
    .option("--all", "also the last and the removed ones, not only the best")
    .option(...JSON_OPTION)
    .action((id: string | undefined, options: AllOption) => lineage(context, id, options));
  checkpoints
    .command("remove")
    .description("Delete a checkpoint's folder")
    .argument(...ID)
    .option("--force", "even if others descend from it")
    .option(...JSON_OPTION)
    .action((id: string, options: JsonOption & { force?: true }) => remove(context, id, options));
  return checkpoints
    .addCommand(createPromoteCommand(context))
    .addCommand(createPullCommand(context))
    .addCommand(createPushCommand(context));
}

async function withState(context: Context, work: (state: State | null) => Promise<void>): Promise<void> {
  const { withReconciled } = await import("../training/with-reconciled.js");
  await withReconciled(context, ({ state }) => work(state));
}

async function withCheckpoint(
  context: Context,
  id: string,
  work: (state: State, row: Checkpoint) => Promise<void>,
): Promise<void> {
  await withState(context, (state) => {
    if (state === null) throw nothingTrained(id);
    return work(state, state.findCheckpoint(id));
  });
}

async function list(context: Context, { json, all }: AllOption): Promise<void> {
  const { checkpointCells, checkpointColumns } = await import("../checkpoints/checkpoint-view.js");
  const { inspectCheckpoints } = await import("../../training/inspect-checkpoint.js");
  await withState(context, async (state) => {
    const rows = await inspectCheckpoints(state?.listCheckpoints() ?? []);
    const shown = rows.filter((row) => all || row.state === "complete" || row.state === "remote");
    const text =
      shown.length === 0 ? "no checkpoints yet" : formatTable(checkpointColumns, shown.map(checkpointCells));
    writeResult(context, { json: json === true, value: { checkpoints: shown }, text });
    const damaged = rows.filter((row) => row.state === "damaged");
    if (damaged.length > 0)
      writeNote(context, `${damaged.length} damaged: mllm checkpoints verify says what is wrong`);
    if (!json && shown.length > 0) writeNote(context, "next: mllm checkpoints lineage");
  });
}

async function show(context: Context, id: string, { json }: JsonOption): Promise<void> {
  const { formatCheckpoint } = await import("../checkpoints/checkpoint-view.js");
  const { inspectWithManifest } = await import("../../training/inspect-checkpoint.js");
  await withCheckpoint(context, id, async (_state, row) => {
    const value = await inspectWithManifest(row);
    writeResult(context, { json: json === true, value, text: formatCheckpoint(value) });
    if (!json) writeNote(context, `next: mllm checkpoints verify ${row.id}`);
  });
}

async function verify(context: Context, id: string | undefined, { json }: JsonOption): Promise<void> {
  const { verifyCheckpoint } = await import("../../training/verify-checkpoint.js");
  await withState(context, async (state) => {
    const results = [];
    for (const row of chooseToVerify(state, id)) {
      const problems = await verifyCheckpoint(row);
      results.push({ id: row.id, path: row.path, isIntact: problems.length === 0, problems });
    }
    const isIntact = results.every((result) => result.isIntact);
    const lines = results.flatMap((result) =>
      result.isIntact
        ? [`${result.id}  intact`]
        : result.problems.map((problem) => `${result.id}  DAMAGED  ${problem}`),
    );
    const text = lines.length === 0 ? "no checkpoints yet" : lines.join("\n");
    writeResult(context, { json: json === true, value: { isIntact, checkpoints: results }, text });
    if (isIntact) return;
    context.setExitCode(1);
    const first = results.find((result) => !result.isIntact);
    writeNote(context, `next: mllm checkpoints remove ${first?.id} --force, then train it again`);
  });
}

function chooseToVerify(state: State | null, id: string | undefined): Checkpoint[] {
  if (id === undefined) return state?.listCheckpoints({ state: "complete" }) ?? [];
  if (state === null) throw nothingTrained(id);
  return [state.findCheckpoint(id)];
}

async function lineage(context: Context, id: string | undefined, { json, all }: AllOption): Promise<void> {
  const { buildLineage } = await import("../../training/lineage.js");
  const { inspectCheckpoints } = await import("../../training/inspect-checkpoint.js");
  const { formatLineage, selectForLineage } = await import("../checkpoints/checkpoint-view.js");
  await withState(context, async (state) => {
    if (id !== undefined && state === null) throw nothingTrained(id);
    const chosen = id === undefined ? null : (state?.findCheckpoint(id).id ?? null);
    const rows = await inspectCheckpoints(state?.listCheckpoints() ?? []);
    const dataSets = buildLineage(all ? rows : selectForLineage(rows, chosen), chosen);
    const text = dataSets.length === 0 ? "no checkpoints yet" : formatLineage(dataSets);
    writeResult(context, { json: json === true, value: { dataSets }, text });
    if (!json && dataSets.length > 0) writeNote(context, "next: mllm checkpoints verify");
  });
}

async function remove(
  context: Context,
  id: string,
  { json, force }: JsonOption & { force?: true },
): Promise<void> {
  const { removeCheckpoint } = await import("../../training/remove-checkpoint.js");
  await withCheckpoint(context, id, async (state, row) => {
    await removeCheckpoint(state, row, { isForced: force === true });
    const value = { id: row.id, path: row.path, state: "removed" };
    writeResult(context, { json: json === true, value, text: `removed ${row.id} (${row.path})` });
    if (!json) writeNote(context, "next: mllm checkpoints list");
  });
}
