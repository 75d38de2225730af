import { Command } from "commander";
import { MllmError } from "../../core/errors.js";
import { nothingTrained } from "../checkpoints/nothing-trained.js";
import type { Context } from "../context.js";
import { writeNote, writeResult } from "../output.js";

interface PullOptions {
  from?: string;
  to?: string;
  json?: true;
}

interface PushOptions {
  to: string;
  json?: true;
}

const ID = "its id, or the beginning of it";
const PLACE = "hub:NAMESPACE/NAME, ssh:HOST:FOLDER, or a folder";

export function createPullCommand(context: Context): Command {
  return new Command("pull")
    .description(
      "Bring checkpoints here: from where their jobs ran, or a copy with --from; goes on where it broke off",
    )
    .argument("[id]", `${ID}; without one, every checkpoint that is elsewhere`)
    .option("--from <place>", `a copy that was pushed: ${PLACE}`)
    .option("--to <dir>", "where a copy goes; default: below the state folder")
    .option("--json", "print JSON")
    .action((id: string | undefined, options: PullOptions) =>
      options.from === undefined ? pullJobs(context, id, options) : pullCopy(context, options.from, options),
    );
}

export function createPushCommand(context: Context): Command {
  return new Command("push")
    .description("Copy a checkpoint elsewhere; what is there already is not sent again")
    .argument("<id>", ID)
    .requiredOption("--to <place>", `${PLACE}; on the Hub a private model repository with a model card`)
    .option("--json", "print JSON")
    .action((id: string, options: PushOptions) => push(context, id, options));
}

async function pullJobs(context: Context, id: string | undefined, { to, json }: PullOptions): Promise<void> {
  if (to !== undefined) {
    throw new MllmError("usage", "--to belongs to --from: what a job has made goes into the job's folder", {
      hint: "Leave out --to.",
    });
  }
  const { pullCheckpoints } = await import("../../training/pull-checkpoints.js");
  const { withReconciled } = await import("../training/with-reconciled.js");
  const { createTransferView } = await import("../checkpoints/transfer-view.js");
  await withReconciled(context, async (workspace) => {
    const { state } = workspace;
    if (id !== undefined && state === null) throw nothingTrained(id);
    const remote = state?.listCheckpoints({ state: "remote" }) ?? [];
    const rows = id === undefined ? remote : [state?.findCheckpoint(id)].flatMap((row) => row ?? []);
    const view = await createTransferView(context, json === true);
    const pulled: { id: string; path: string }[] = [];
    try {
      for (const row of rows.filter((each) => each.state === "remote")) {
        const job = state?.getJob(row.jobId);
        if (!job) continue;
        for await (const event of pullCheckpoints(await workspace.sessionOf(job), job, row.id)) {
          if (event.type === "pulling") view.show(event.id, event);
          if (event.type === "pulled") pulled.push({ id: event.id, path: event.path });
        }
      }
    } finally {
      view.close();
    }
    const present = rows
      .filter((row) => row.state === "complete")
      .map(({ id: rowId, path }) => ({ id: rowId, path }));
    const value = { pulled, present };
    const lines = [
      ...pulled.map((each) => `${each.id} is here: ${each.path}`),
      ...present.map((each) => `${each.id} was here already: ${each.path}`),
    ];
    if (id !== undefined && lines.length === 0) {
      throw new MllmError("not_found", `${id} is no longer where its job ran`, {
        hint: "mllm checkpoints list --all shows what became of it.",
      });
    }
    const text = lines.length === 0 ? "nothing to bring" : lines.join("\n");
    writeResult(context, { json: json === true, value, text });
    if (!json && pulled.length > 0) writeNote(context, "next: mllm checkpoints verify");
  });
}

async function pullCopy(context: Context, from: string, { to, json }: PullOptions): Promise<void> {
  const { openCopies } = await import("../checkpoints/open-copies.js");
  const { createTransferView } = await import("../checkpoints/transfer-view.js");
  const copies = await openCopies(context, from);
  const view = await createTransferView(context, json === true);
  const folder = copies.targetOf(to);
  try {
    for await (const progress of copies.pull(folder)) view.show(from, progress);
  } finally {
    view.close();
  }
  writeResult(context, {
    json: json === true,
    value: { from, path: folder },
    text: `${from} is here: ${folder}`,
  });
  if (!json) writeNote(context, `next: mllm train --stage 2 … --from ${folder}`);
}

async function push(context: Context, id: string, { to, json }: PushOptions): Promise<void> {
  const { openCopies } = await import("../checkpoints/open-copies.js");
  const { readCheckpointFolder } = await import("../../core/checkpoint-folder.js");
  const { createTransferView } = await import("../checkpoints/transfer-view.js");
  const { withReconciled } = await import("../training/with-reconciled.js");
  await withReconciled(context, async ({ state }) => {
    if (state === null) throw nothingTrained(id);
    const row = state.findCheckpoint(id);
    if (row.state === "remote") {
      const hint = `mllm checkpoints pull ${row.id} brings it here first.`;
      throw new MllmError("bad_checkpoint", `${row.id} is where its job ran, not here`, { hint });
    }
    const folder = await readCheckpointFolder(row.path);
    if (!folder.isComplete) {
      const hint = "`mllm checkpoints list` shows the complete ones.";
      throw new MllmError("bad_checkpoint", `${row.id}: ${folder.problem}`, { hint });
    }
    const copies = await openCopies(context, to);
    const view = await createTransferView(context, json === true);
    try {
      for await (const progress of copies.push(folder)) view.show(row.id, progress);
    } finally {
      view.close();
    }
    const place = copies.placeOf(row.id);
    writeResult(context, {
      json: json === true,
      value: { id: row.id, place },
      text: `${row.id} is at ${place}`,
    });
    if (!json) writeNote(context, `next: mllm checkpoints pull --from ${place}`);
  });
}
