import { formatTable } from "./output.js";
import type { PlanReport } from "./plan-report.js";

/** The plan as text: what would run on what, with every value's source and what it is expected to take. */
export function formatPlan(report: PlanReport): string {
  const facts = Object.entries(report.provider.facts).map(([key, value]) => `${key} ${value}`);
  const parts = [
    `provider ${report.provider.name}: ${report.provider.isReady ? "ready" : "not ready"}${facts.length > 0 ? ` (${facts.join(", ")})` : ""}`,
    ...report.jobs.map(formatJob),
    `cost $${report.costDollars.toFixed(2)}`,
  ];
  for (const { message, hint } of report.problems) {
    parts.push(`problem: ${message}${hint === null ? "" : `\n   hint: ${hint}`}`);
  }
  parts.push(
    report.canStart ? "The run can start; leave out --dry-run to start it." : "The run cannot start.",
  );
  return parts.join("\n\n");
}

function formatJob({ spec, command, sources, estimate }: PlanReport["jobs"][number]): string {
  const parent = spec.parent === null ? spec.baseModel : `${spec.parent.id} (from ${spec.baseModel})`;
  const settings: [string, unknown][] = [
    ["model", spec.baseModel],
    ["method", spec.method],
    ["packing", spec.packing],
    ["overflow.policy", spec.overflow.policy],
    ["overflow.max_tokens", spec.overflow.maxTokens],
    ["resources.max_hours", spec.deadlineSeconds / 3600],
    ...Object.entries(spec.training).map(([key, value]): [string, unknown] => [`training.${key}`, value]),
  ];
  const rows = settings.map(([key, value]) => [
    key,
    typeof value === "object" ? JSON.stringify(value) : String(value),
    sources[key] ?? "default",
  ]);
  return [
    `${spec.jobId}: stage ${spec.stage}, ${spec.subset}, from ${parent}`,
    `  data      ${estimate.rows} rows, ${estimate.validationRows} for validation; about ${estimate.tokens} tokens, ${estimate.trainedTokens} trained`,
    `  work      ${estimate.optimizerSteps} optimizer steps; memory ${formatBytes(estimate.peakMemoryBytes)}; time ${formatSeconds(estimate.seconds)} (${estimate.basis})`,
    `  command   ${command}`,
    formatTable(["setting", "value", "source"], rows).replace(/^/gm, "  "),
  ].join("\n");
}

function formatBytes(bytes: number | null): string {
  if (bytes === null) return "unknown";
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${value >= 100 || power === 0 ? Math.round(value) : value.toPrecision(2)} ${units[power]}`;
}

export function formatSeconds(seconds: number | null): string {
  if (seconds === null) return "unknown";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
