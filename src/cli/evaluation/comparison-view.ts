import { plural } from "../../core/plural.js";
import { ROLES } from "../../core/roles.js";
import type { Step } from "../../core/trajectory.js";
import type {
  Comparison,
  DifferenceSlice,
  ItemChange,
  MetricDifference,
} from "../../evaluation/compare/comparison.js";
import type { Verdict } from "../../evaluation/compare/judge-comparisons.js";
import { METRICS } from "../../evaluation/metrics.js";
import { formatTable } from "../output.js";
import { formatValue } from "./eval-view.js";
import { formatDifference, formatP, formatRange } from "./verdict-view.js";

/** The whole of a comparison, for people; `examples` says how many items are shown side by side. */
export function formatComparison(
  comparison: Comparison,
  { verdict, examples }: { verdict: Verdict; examples: number },
): string {
  const parts = [
    formatHead(comparison),
    formatMetrics(comparison.metrics, verdict),
    formatGroups(comparison),
    formatTools(comparison),
    formatChanges(comparison, examples),
  ];
  return parts.flat().join("\n\n");
}

/** As JSON shows it: of the items that changed only the worst, and how many there are. */
export function toComparisonValue(
  { changes, ...comparison }: Comparison,
  { examples }: { examples: number },
) {
  return { ...comparison, changed: changes.length, changes: changes.slice(0, examples) };
}

function formatHead({ a, b, data, kind, settings, ...counts }: Comparison): string {
  const { items, clusters, onlyInA, onlyInB } = counts;
  const noun = kind === "static" ? `steps of ${plural(clusters, "trajectory")}` : "tasks";
  const alone = [
    onlyInA > 0 ? `; left out: ${onlyInA} of A alone` : "",
    onlyInB > 0 ? `; left out: ${onlyInB} of B alone` : "",
  ];
  return [
    `A  ${a.id}  ${a.subject.name}`,
    `B  ${b.id}  ${b.subject.name}`,
    `on ${data.name}: ${items} ${noun}${alone.join("")}`,
    ...settings.map(
      ({ name, a, b }) => `settings differ: ${name} is ${JSON.stringify(a)} and ${JSON.stringify(b)}`,
    ),
  ].join("\n");
}

function formatMetrics(metrics: readonly MetricDifference[], { checks }: Verdict): string {
  const sorted = [...ROLES, null].flatMap((role) => metrics.filter((metric) => metric.role === role));
  const rows = sorted.map((metric) => {
    const { name, role, a, b, low, high, p, better, worse } = metric;
    const check = checks.find((each) => each.name === name);
    return [
      ...[role ?? "all", name, formatValue(name, a), formatValue(name, b)],
      ...[formatDifference(name, metric.difference), formatRange(name, low, high), formatP(p), better, worse],
      check === undefined ? "" : check.isWorse ? "WORSE" : "ok",
    ];
  });
  const header = ["role", "metric, shares in %", "A", "B", "B - A", "95 %", "p", "better", "worse", "gate"];
  return formatTable(header, rows);
}

/** The headline metrics that differ, a column for each group. */
function formatGroups({ metrics, groups }: Comparison): string | [] {
  const changed = metrics.filter(({ isHeadline, difference }) => isHeadline && difference !== 0);
  if (groups.length < 2 || changed.length === 0) return [];
  const rows = changed.map(({ name }) => [name, ...groups.map((group) => cellOf(group, name))]);
  return formatTable(["B - A", ...groups.map(({ name, items }) => `${name} (${items})`)], rows);
}

function cellOf({ metrics }: DifferenceSlice, name: string): string {
  const metric = metrics.find((each) => each.name === name);
  if (!metric || metric.difference === null) return "-";
  const difference = formatDifference(name, metric.difference);
  if (metric.low === metric.high) return difference;
  return `${difference} (${formatRange(name, metric.low, metric.high)})`;
}

const SHOWN_TOOLS = 8;
const TOOL_METRICS = {
  static: ["call_exact", "action_exact", "argument_f1"],
  live: ["solved", "failed_calls"],
};

/** Those with the largest differences of the kind's first metric for tools. */
function formatTools({ kind, tools }: Comparison): string | [] {
  const names = TOOL_METRICS[kind];
  const differenceOf = ({ metrics }: DifferenceSlice) =>
    metrics.find(({ name }) => name === names[0])?.difference ?? 0;
  const changed = tools
    .filter((tool) => differenceOf(tool) !== 0)
    .sort((one, other) => differenceOf(one) - differenceOf(other));
  if (changed.length === 0) return [];
  const shown = changed.slice(0, SHOWN_TOOLS);
  const rows = shown.map((tool) => [tool.name, tool.items, ...names.map((name) => cellOf(tool, name))]);
  const table = formatTable(["tool, B - A", "items", ...names], rows);
  const others = changed.length - shown.length;
  return others === 0 ? table : `${table}\n… and ${plural(others, "more tool")} that changed`;
}

function formatChanges({ items, changes, kind }: Comparison, examples: number): string {
  const noun = kind === "static" ? "steps" : "tasks";
  if (changes.length === 0) return `no ${noun} are scored differently`;
  const shown = changes.slice(0, examples).map(formatChange);
  const head = `${changes.length} of ${items} ${noun} are scored differently${shown.length > 0 ? "; the worst:" : ""}`;
  return [head, ...shown].join("\n");
}

function formatChange({ id, question, scores, reference, a, b }: ItemChange): string {
  const headlines = METRICS.filter(({ isHeadline, name }) => isHeadline && scores[name] !== undefined);
  const names = headlines.length > 0 ? headlines.map(({ name }) => name) : Object.keys(scores);
  const changed = names.map((name) => {
    return `${name} ${formatValue(name, scores[name]?.a ?? null)} → ${formatValue(name, scores[name]?.b ?? null)}`;
  });
  return [
    `${id}  ${changed.join(", ")}`,
    `  asked     ${shorten(question)}`,
    ...(reference.length === 0 ? [] : [`  recorded  ${formatSteps(reference)}`]),
    `  A         ${formatSteps(a)}`,
    `  B         ${formatSteps(b)}`,
  ].join("\n");
}

/** How it ended, after how many calls. */
function formatSteps(steps: readonly Step[]): string {
  const last = steps.at(-1);
  if (last === undefined) return "nothing";
  const before = steps.length === 1 ? "" : `${steps.length - 1} more, then `;
  return before + shorten(formatStep(last));
}

function formatStep(step: Step): string {
  if (step.kind === "call") return `${step.call.name} ${step.call.arguments}`;
  if (step.kind === "answer") return `answers: ${step.answer}`;
  return step.kind === "give_up" ? "gives up" : step.text;
}

const WIDTH = 120;

function shorten(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= WIDTH ? line : `${line.slice(0, WIDTH - 1)}…`;
}
