import { plural } from "../../core/plural.js";
import type { Confusion, Evaluation, Metric, Slice, Summary } from "../../evaluation/evaluation.js";
import { METRICS } from "../../evaluation/metrics.js";
import { formatTable } from "../output.js";

/** The whole of an evaluation, for people. */
export function formatEvaluation({ kind, subject, data, summary }: Evaluation): string {
  const noun = kind === "static" ? "step" : "task";
  const head = [
    `${subject.name}`,
    `on ${data.name}: ${plural(summary.items, noun)}; shares in %, with 95 % intervals`,
  ];
  const planner = summary.confusions.find(({ title }) => title.startsWith("planner"));
  const parts = [
    head.join("\n"),
    formatMetrics(summary, noun),
    planner === undefined ? [] : formatConfusion(planner),
    formatWorstTools(summary, kind),
    formatNotes(summary.notes),
  ];
  return parts.flat().join("\n\n");
}

/** All metrics that any item has a score of, the groups side by side. */
function formatMetrics({ items, metrics, groups }: Summary, noun: string): string {
  const columns: Slice[] =
    groups.length > 1 ? [{ name: "all", items, metrics }, ...groups] : [{ name: "value", items, metrics }];
  const rows = metrics
    .filter(({ count }) => count > 0)
    .map(({ name, count }) => [
      titleOf(name),
      count,
      ...columns.map(({ metrics }) => formatInterval(metrics.find((metric) => metric.name === name))),
    ]);
  const header = ["metric", `${noun}s`, ...columns.map(({ name }) => name)];
  return formatTable(header, rows);
}

function titleOf(name: string): string {
  return METRICS.find((metric) => metric.name === name)?.title ?? name;
}

/** A title with a unit is no share. */
function isShare(name: string): boolean {
  return !titleOf(name).endsWith("(count)");
}

/** `98.2 (97.1-99.0)`: a share in percent, or a plain number. */
export function formatInterval(metric: Metric | undefined): string {
  if (metric === undefined || metric.value === null) return "-";
  const { name, value, low, high } = metric;
  const format = (number: number) => formatValue(name, number);
  return low === null || high === null ? format(value) : `${format(value)} (${format(low)}-${format(high)})`;
}

/** In percent, or as it is where the metric has a unit of its own. */
export function formatValue(name: string, value: number | null): string {
  if (value === null) return "-";
  return isShare(name) ? (100 * value).toFixed(1) : value.toFixed(2);
}

function formatConfusion({ title, labels, counts }: Confusion): string {
  const rows = labels.map((label, row) => [label, ...labels.map((_, column) => counts[row]?.[column] ?? 0)]);
  const table = formatTable(["", ...labels], rows);
  return `${title}, recorded (rows) and predicted (columns)\n${table}`;
}

const WORST = 5;
const TOOL_METRICS = {
  static: ["call_exact", "action_exact", "argument_f1"],
  live: ["solved", "failed_calls"],
};

/** By the first of the kind's metrics for tools; none where every tool is always right. */
function formatWorstTools({ tools }: Summary, kind: Evaluation["kind"]): string | [] {
  const names = TOOL_METRICS[kind];
  const scored = tools.flatMap(({ name, items, metrics }) => {
    const [first, ...rest] = names.map((each) => metrics.find((metric) => metric.name === each));
    return first?.value == null || first.value === 1 ? [] : [{ name, items, first, rest }];
  });
  if (scored.length === 0) return [];
  const worst = scored.sort((a, b) => (a.first.value ?? 0) - (b.first.value ?? 0)).slice(0, WORST);
  const rows = worst.map(({ name, items, first, rest }) => [
    name,
    items,
    formatInterval(first),
    ...rest.map(formatInterval),
  ]);
  const header = ["worst tools", kind === "static" ? "steps" : "tasks", ...names.map(titleOf)];
  return formatTable(header, rows);
}

function formatNotes(notes: Summary["notes"]): string | [] {
  const listed = Object.entries(notes).map(([note, count]) => `${note} ${count}`);
  return listed.length === 0 ? [] : `notes: ${listed.join(", ")}`;
}
