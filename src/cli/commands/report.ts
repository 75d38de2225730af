import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Command } from "commander";
import { explainSystemError } from "../../core/errors.js";
import type { ReportData } from "../../evaluation/report/report-data.js";
import type { Context } from "../context.js";
import { writeNote, writeResult } from "../output.js";

interface ReportOptions {
  out?: string;
  json?: true;
}

const HELP = `
WHAT is a run, an evaluation (its id, a beginning of it, or its folder), an agent or the folder of a reproduction;
two evaluations or agents, the baseline first, are compared. Without one: the newest run, with the evaluations of what it trained.

The file needs nothing else, not even a network: mail it, or keep it with the checkpoints.`;

export function createReportCommand(context: Context): Command {
  return new Command("report")
    .description("Write one HTML file: where the weights come from, loss curves, scores, trajectories")
    .argument("[what]", "a run, an evaluation or an agent; the baseline where two are compared")
    .argument("[candidate]", "the evaluation or agent to compare it with")
    .option("--out <file>", "the file (default: report-ID.html)")
    .option("--json", "print what it holds as JSON")
    .addHelpText("after", HELP)
    .action((what: string | undefined, candidate: string | undefined, options: ReportOptions) =>
      report(
        context,
        [what, candidate].filter((name) => name !== undefined),
        options,
      ),
    );
}

async function report(context: Context, names: string[], { out, json }: ReportOptions): Promise<void> {
  const { findReproduction } = await import("../report/report-reproduction.js");
  const reproduction = await findReproduction(context, names);
  if (reproduction !== null) {
    const { renderReproduction } = await import("../../reproduction/render-reproduction.js");
    const path = await write(
      context,
      out ?? "report-reproduction.html",
      renderReproduction(reproduction, context.version),
    );
    const evaluations = reproduction.arms.flatMap((arm) => arm.evaluations.map(({ id }) => id));
    const jobs = [...new Set(reproduction.arms.flatMap((arm) => arm.jobs.map(({ jobId }) => jobId)))];
    const title = `Reproduction of ${reproduction.recipe.name}`;
    return show(context, { ...path, title, jobs, evaluations, comparison: null }, json === true);
  }
  const { gatherReport } = await import("../report/report-data.js");
  const { renderReport } = await import("../../evaluation/report/render-report.js");
  const { name, data } = await gatherReport(context, names);
  const written = await write(context, out ?? `report-${name}.html`, renderReport(data));
  show(context, { ...written, ...describe(data) }, json === true);
}

async function write(context: Context, out: string, text: string) {
  const path = resolve(context.cwd, out);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  } catch (error) {
    throw explainSystemError(error, path);
  }
  return { path, sizeBytes: Buffer.byteLength(text) };
}

function show(context: Context, value: { path: string } & Record<string, unknown>, isJson: boolean): void {
  writeResult(context, { json: isJson, value, text: value.path });
  if (!isJson) writeNote(context, "next: open it in a browser");
}

function describe({ title, training, evaluations, comparison }: ReportData) {
  return {
    title,
    jobs: training?.jobs.map(({ id }) => id) ?? [],
    evaluations: evaluations.map(({ evaluation }) => evaluation.id),
    comparison: comparison === null ? null : { a: comparison.a.id, b: comparison.b.id },
  };
}
