import { Command } from "commander";
import { METRICS } from "../../evaluation/metrics.js";
import type { EvaluationRow } from "../../state/rows.js";
import type { State } from "../../state/state.js";
import type { Context } from "../context.js";
import { formatTable, writeNote, writeResult } from "../output.js";

interface JsonOption {
  json?: true;
}

const JSON_OPTION = ["--json", "print JSON"] as const;

export function createEvalListCommand(context: Context): Command {
  return new Command("list")
    .description("List every evaluation that was made here, newest first")
    .option(...JSON_OPTION)
    .action((options: JsonOption) => list(context, options));
}

export function createEvalShowCommand(context: Context): Command {
  return new Command("show")
    .description("Show one evaluation: metrics, confusion, worst tools")
    .argument("<id>", "its id, or the beginning of it, or its folder")
    .option(...JSON_OPTION)
    .action((id: string, options: JsonOption) => show(context, id, options));
}

async function withState<T>(context: Context, work: (state: State | null) => T): Promise<Awaited<T>> {
  const { openWorkspace } = await import("../workspace.js");
  const workspace = await openWorkspace(context, { database: "read-only" });
  try {
    return await work(workspace.state);
  } finally {
    workspace.close();
  }
}

async function list(context: Context, { json }: JsonOption): Promise<void> {
  const evaluations = await withState(context, (state) => state?.listEvaluations() ?? []);
  const tables = await Promise.all(
    (["static", "live"] as const).map((kind) =>
      formatKind(
        kind,
        evaluations.filter((row) => row.kind === kind),
      ),
    ),
  );
  const text =
    evaluations.length === 0
      ? "no evaluations yet: mllm eval static --data FILE makes the first"
      : tables.filter((table) => table !== "").join("\n\n");
  writeResult(context, { json: json === true, value: { evaluations }, text });
}

/** Each kind has metrics of its own. Names of any length come last. */
async function formatKind(kind: EvaluationRow["kind"], rows: readonly EvaluationRow[]): Promise<string> {
  if (rows.length === 0) return "";
  const { formatValue } = await import("../evaluation/eval-view.js");
  const shown = METRICS.filter(
    ({ name, ...metric }) =>
      metric.kind === kind &&
      metric.isHeadline &&
      rows.some(({ metrics }) => metrics.some((each) => each.name === name && each.value !== null)),
  ).map(({ name }) => name);
  const noun = kind === "static" ? "steps" : "tasks";
  const header = [kind, "when", noun, ...shown.map((name) => name.replaceAll("_", " ")), "subject", "data"];
  const cells = rows.map((row) => [
    ...[row.id, row.createdAt.slice(0, 16).replace("T", " "), row.items],
    ...shown.map((name) => {
      const metric = row.metrics.find((each) => each.name === name);
      return formatValue(name, metric?.value ?? null);
    }),
    ...[row.subject, row.dataName],
  ]);
  return formatTable(header, cells);
}

async function show(context: Context, id: string, { json }: JsonOption): Promise<void> {
  const { findStoredEvaluation } = await import("../evaluation/stored-evaluations.js");
  const { formatEvaluation } = await import("../evaluation/eval-view.js");
  const stored = await withState(context, (state) => findStoredEvaluation(context, state, id));
  const { folder, evaluation } = stored;
  const text = `${formatEvaluation(evaluation)}\n\nfiles: ${folder}`;
  writeResult(context, { json: json === true, value: { ...evaluation, folder }, text });
  if (!json) writeNote(context, `next: mllm report ${evaluation.id} --out report.html`);
}
