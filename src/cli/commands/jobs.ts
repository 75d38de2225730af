import { Command } from "commander";
import { MllmError } from "../../core/errors.js";
import type { State } from "../../state/state.js";
import type { Session } from "../../training/session.js";
import type { Context } from "../context.js";
import { formatTable, writeJsonLine, writeNote, writeResult } from "../output.js";

interface JsonOption {
  json?: true;
}

const JSON_OPTION = ["--json", "print JSON"] as const;

export function createJobsCommand(context: Context): Command {
  const jobs = new Command("jobs").description("Show, follow and end training jobs");
  jobs
    .command("list", { isDefault: true })
    .description("List all jobs, newest first")
    .option("--orphans", "what providers run for nobody: `mllm reap` ends it")
    .option(...JSON_OPTION)
    .action((options: JsonOption & { orphans?: true }) =>
      (options.orphans ? orphans : list)(context, options),
    );
  jobs
    .command("show")
    .description("Show one job: state, progress, checkpoints, spec")
    .argument("<id>", "its id, or the beginning of it")
    .option(...JSON_OPTION)
    .action((id: string, options: JsonOption) => show(context, id, options));
  jobs
    .command("logs")
    .description("Print what the trainer said")
    .argument("<id>", "its id, or the beginning of it")
    .option("-f, --follow", "go on until the job has ended")
    .option("--json", "print one JSON line for each line")
    .action((id: string, options: JsonOption & { follow?: true }) => logs(context, id, options));
  jobs
    .command("watch")
    .description("Follow a job to its end")
    .argument("[id]", "its id, or the beginning of it; without one, every job at work")
    .option("--json", "print events, one JSON line each")
    .action((id: string | undefined, options: JsonOption) => watch(context, id, options));
  jobs
    .command("cancel")
    .description("End a job; what it has saved stays")
    .argument("<id>", "its id, or the beginning of it")
    .option(...JSON_OPTION)
    .action((id: string, options: JsonOption) => cancel(context, id, options));
  return jobs;
}

async function withJob(
  context: Context,
  id: string,
  work: (session: Session, job: ReturnType<State["findJob"]>) => Promise<void>,
): Promise<void> {
  const { withReconciled } = await import("../training/with-reconciled.js");
  await withReconciled(context, async (workspace) => {
    const { state } = workspace;
    if (state === null) {
      const hint = "`mllm train` makes the first job.";
      throw new MllmError("not_found", `there are no jobs in ${workspace.stateFolder}`, { hint });
    }
    const job = state.findJob(id);
    await work(await workspace.sessionOf(job), job);
  });
}

async function list(context: Context, { json }: JsonOption): Promise<void> {
  const { describeJobRows, jobColumns, jobCells } = await import("../training/job-view.js");
  const { withReconciled } = await import("../training/with-reconciled.js");
  await withReconciled(context, async ({ state }) => {
    const rows = state === null ? [] : describeJobRows(state, state.listJobs());
    const text = rows.length === 0 ? "no jobs yet" : formatTable(jobColumns, rows.map(jobCells));
    writeResult(context, { json: json === true, value: { jobs: rows }, text });
    if (json) return;
    const running = rows.find((row) => row.isActive);
    if (rows.length === 0) writeNote(context, "next: mllm train --stage 1 --recipe tiny --data DIR");
    else if (running !== undefined) writeNote(context, `next: mllm jobs watch ${running.id}`);
    else if (rows[0]?.state === "succeeded") writeNote(context, "next: mllm checkpoints list");
    else writeNote(context, `next: mllm jobs show ${rows[0]?.id}`);
  });
}

async function orphans(context: Context, { json }: JsonOption): Promise<void> {
  const { collectOrphans } = await import("../training/collect-orphans.js");
  const { describeOrphans, formatOrphans } = await import("../training/orphan-view.js");
  const { withReconciled } = await import("../training/with-reconciled.js");
  await withReconciled(context, async (workspace) => {
    const value = describeOrphans(await collectOrphans(workspace, {}));
    writeResult(context, { json: json === true, value, text: formatOrphans(value) });
    if (!json && value.orphans.length > 0) writeNote(context, "next: mllm reap");
  });
}

async function show(context: Context, id: string, { json }: JsonOption): Promise<void> {
  const { describeJobInFull, formatJob } = await import("../training/job-view.js");
  await withJob(context, id, async (session, job) => {
    const value = await describeJobInFull(session, job);
    writeResult(context, { json: json === true, value, text: formatJob(value) });
    if (!json) writeNote(context, `next: mllm jobs ${value.isActive ? "watch" : "logs"} ${job.id}`);
  });
}

async function logs(
  context: Context,
  id: string,
  { json, follow }: JsonOption & { follow?: true },
): Promise<void> {
  const { readLogs } = await import("../../training/read-logs.js");
  await withJob(context, id, async (session, job) => {
    for await (const text of readLogs(session, job, { isFollowing: follow === true })) {
      if (!json) context.stdout.write(text);
      else
        for (const line of text.replace(/\n$/, "").split("\n"))
          writeJsonLine(context, { jobId: job.id, line });
    }
  });
}

async function watch(context: Context, id: string | undefined, { json }: JsonOption): Promise<void> {
  const { createTrainingView } = await import("../training/training-view.js");
  const { watchJobs } = await import("../../training/watch-job.js");
  const { isActive } = await import("../../core/job-state.js");
  const { withReconciled } = await import("../training/with-reconciled.js");
  await withReconciled(context, async (workspace) => {
    const { state } = workspace;
    const jobs = state === null ? [] : id === undefined ? state.listJobs() : [state.findJob(id)];
    const chosen = id === undefined ? jobs.filter((job) => isActive(job.state)) : jobs;
    if (chosen.length === 0) {
      writeNote(context, id === undefined ? "no job is at work" : "there are no jobs yet");
      if (id !== undefined) context.setExitCode(1);
      return;
    }
    const view = await createTrainingView(context, json === true);
    let isDone = true;
    try {
      for await (const event of watchJobs(workspace.sessionOf, chosen)) {
        view.show(event);
        if (event.type === "failed") context.setExitCode(1);
        if (event.type === "failed" || event.type === "left_running") isDone = false;
      }
    } finally {
      view.close();
    }
    if (!json && isDone) writeNote(context, "next: mllm checkpoints list");
  });
}

async function cancel(context: Context, id: string, { json }: JsonOption): Promise<void> {
  const { cancelJob } = await import("../../training/cancel-job.js");
  const { describeJobRow } = await import("../training/job-view.js");
  const { isActive } = await import("../../core/job-state.js");
  await withJob(context, id, async (session, job) => {
    const after = await cancelJob(session, job);
    const text = isActive(job.state)
      ? `${after.id} is ${after.state}`
      : `${after.id} had ended before: ${after.state}`;
    writeResult(context, { json: json === true, value: describeJobRow(session.state, after), text });
    if (!json)
      writeNote(context, "next: the same mllm train command goes on from the last complete checkpoint");
  });
}
