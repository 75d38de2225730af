import type { Metric } from "../../evaluation/evaluation.js";
import { BUDGETS, type Budget } from "../../reproduction/arms.js";
import type { ReproducedArm, Reproduction } from "../../reproduction/reproduction.js";
import { formatTable } from "../output.js";

/** The paper's columns, and tasks that were solved. */
const COLUMNS = [
  { title: "plan acc", name: "plan_accuracy" },
  { title: "act em", name: "action_exact" },
  { title: "hallu", name: "hallucination" },
  { title: "arg f1", name: "argument_f1" },
  { title: "r-l", name: "rouge_l" },
  { title: "step exact", name: "step_exact" },
  { title: "solved", name: "solved" },
];

const NOTES = [
  "In %, means over seeds and items; ± half of the 95 % interval over both. Hallu: lower is better.",
  "* differs from α-UMi with reuse: the interval of the difference, the same seeds and items, holds no zero.",
];

/** The paper's table, once for what is held equal, in and out of domain. */
export function formatReproduction(reproduction: Reproduction): string {
  const { arms, missing, seeds, recipe } = reproduction;
  const budgets = BUDGETS.filter((budget) => arms.some((arm) => arm.budgets.includes(budget)));
  const list = seeds.length === 1 ? `seed ${seeds[0]}` : `seeds ${seeds.join(", ")}`;
  return [
    `${recipe.name}, ${list}`,
    ...budgets.flatMap((budget) => formatBudget(arms, budget)),
    NOTES.join("\n"),
    ...(missing.length === 0 ? [] : [`missing: ${missing.join("; ")}`]),
  ].join("\n\n");
}

function formatBudget(all: readonly ReproducedArm[], budget: Budget): string[] {
  const arms = all.filter(({ budgets }) => budgets.includes(budget));
  const named = [...new Set(arms.flatMap(({ groups }) => groups.map(({ name }) => name)))];
  const groups = named.length > 1 ? named.filter((name) => name !== null) : named;
  return [
    ...groups.map((group) => `equal ${budget}, ${group ?? "all"}\n${formatGroup(arms, group)}`),
    `what equal ${budget} means\n${formatEfforts(arms)}`,
  ];
}

function formatGroup(arms: readonly ReproducedArm[], group: string | null): string {
  const found = arms.map(({ title, groups }) => ({
    title,
    summary: groups.find(({ name }) => name === group),
  }));
  const columns = COLUMNS.filter(({ name }) => found.some(({ summary }) => metricOf(summary?.metrics, name)));
  const rows = found.map(({ title, summary }) => [
    title,
    ...columns.map(({ name }) => {
      const metric = metricOf(summary?.metrics, name);
      const difference = metricOf(summary?.differences, name);
      return `${formatShare(metric)}${isCertain(difference) ? "*" : ""}`;
    }),
  ]);
  return formatTable(["arm", ...columns.map(({ title }) => title)], rows);
}

function formatEfforts(arms: readonly ReproducedArm[]): string {
  const rows = arms.map((arm) => {
    const all = arm.groups.find(({ name }) => name === null);
    const less = (name: string) => formatDifference(metricOf(all?.differences, name));
    return [
      ...[arm.title, formatEpochs(arm), formatCount(arm.tokens), formatCount(arm.trainedTokens)],
      ...[less("step_exact"), less("solved")],
    ];
  });
  return formatTable(
    ["arm", "epochs", "tokens", "trained on", "step exact less reuse", "solved less reuse"],
    rows,
  );
}

/** Of the first seed: stage 1 + stage 2, of each role where they differ. */
function formatEpochs({ jobs, seeds }: ReproducedArm): string {
  const own = jobs.filter(({ seed }) => seed === seeds[0]);
  const stages = [
    own.filter(({ subset }) => subset === "backbone"),
    own.filter(({ subset }) => subset !== "backbone"),
  ];
  const parts = [...(stages[0] ?? []).map((job) => [job]), stages[1] ?? []].filter(
    ({ length }) => length > 0,
  );
  return parts
    .map((part) => {
      const epochs = [...new Set(part.map((job) => round(job.epochs)))].join("/");
      return part[0]?.data.startsWith("half") ? `${epochs} of a half` : epochs;
    })
    .join(" + ");
}

const round = (value: number) => String(Math.round(value * 100) / 100);

function metricOf(metrics: readonly Metric[] | undefined, name: string): Metric | undefined {
  return metrics?.find((metric) => metric.name === name);
}

function formatShare(metric: Metric | undefined): string {
  if (metric === undefined || metric.value === null) return "-";
  const { value, low, high } = metric;
  const half = low === null || high === null ? "" : ` ±${((100 * (high - low)) / 2).toFixed(1)}`;
  return `${(100 * value).toFixed(1)}${half}`;
}

function formatDifference(metric: Metric | undefined): string {
  if (metric === undefined || metric.value === null) return "-";
  const { value, low, high } = metric;
  const signed = (number: number) => `${number < 0 ? "" : "+"}${(100 * number).toFixed(1)}`;
  return low === null || high === null
    ? signed(value)
    : `${signed(value)} (${signed(low)} to ${signed(high)})`;
}

function isCertain(metric: Metric | undefined): boolean {
  return metric !== undefined && metric.low !== null && metric.high !== null && metric.low * metric.high > 0;
}

export function formatCount(tokens: number): string {
  if (tokens >= 1e9) return `${(tokens / 1e9).toFixed(2)} G`;
  return tokens >= 1e6 ? `${(tokens / 1e6).toFixed(2)} M` : `${Math.round(tokens / 1e3)} k`;
}
