import { type JobSpec, partsOf } from "../../core/job-spec.js";
import { plural } from "../../core/plural.js";
import type { LaunchPlan, Quote } from "../../providers/provider.js";
import type { Estimate } from "../../recipe/estimate.js";
import { formatTable } from "../output.js";
import { costText, dollarsText } from "./cost-text.js";
import type { PlanReport } from "./plan-report.js";
import type { MachineReport } from "./price-machines.js";

/** The plan as text: what would run on what, with every value's source and what it is expected to take. */
export function formatPlan(report: PlanReport): string {
  const { provider, passedOver, fallbacks } = report;
  const facts = Object.entries(provider.facts).map(([key, value]) => `${key} ${value}`);
  const parts = [
    ...passedOver.map(({ name, problems }) => `passed over ${name}: ${problems[0]?.message ?? "not ready"}`),
    `provider ${provider.name}: ${provider.isReady ? "ready" : "not ready"}${facts.length > 0 ? ` (${facts.join(", ")})` : ""}`,
    ...(fallbacks.length > 0 ? [`without room there: ${fallbacks.join(", then ")}`] : []),
    ...report.jobs.map(formatJob),
    formatCost(report.cost),
  ];
  for (const { message, hint } of report.problems) {
    parts.push(`problem: ${message}${hint === null ? "" : `\n   hint: ${hint}`}`);
  }
  parts.push(
    report.canStart ? "The run can start; leave out --dry-run to start it." : "The run cannot start.",
  );
  return parts.join("\n\n");
}

function formatCost({
  expectedDollars,
  atMostDollars,
  spentDollars,
  heldDollars,
  maxDollars,
}: PlanReport["cost"]): string {
  const parts = [costText(expectedDollars, atMostDollars)];
  if (spentDollars > 0) parts.push(`${dollarsText(spentDollars)} spent before`);
  if (heldDollars > 0) parts.push(`${dollarsText(heldDollars)} set aside for jobs at work`);
  if (maxDollars !== null) parts.push(`budget of the run ${dollarsText(maxDollars)}`);
  return parts.join(", ");
}

function formatJob(job: PlanReport["jobs"][number]): string {
  const { spec, label, launch, quote, sources, estimate, machines } = job;
  const parent = describeParent(spec);
  const settings: [string, unknown][] = [
    ["model", spec.baseModel],
    ["method", spec.method],
    ...(spec.quantization === null ? [] : [["quantization", spec.quantization] as [string, unknown]]),
    ["packing", spec.packing],
    ["overflow.policy", spec.overflow.policy],
    ["overflow.max_tokens", spec.overflow.maxTokens],
    ...(spec.sharding === null ? [] : [["resources.sharding", spec.sharding] as [string, unknown]]),
    ["resources.max_hours", spec.deadlineSeconds / 3600],
    ...listTraining(spec),
  ];
  const rows = settings.map(([key, value]) => [
    key,
    typeof value === "object" ? JSON.stringify(value) : String(value),
    sources[key] ?? "default",
  ]);
  return [
    `${spec.jobId}: stage ${spec.stage}, ${describeSubset(spec)}, from ${parent}`,
    ...(estimate === null ? [] : formatEstimate(estimate)),
    `  price     ${formatQuote(quote)}`,
    ...(machines.length === 0 ? [] : [formatMachines(machines).replace(/^/gm, "  ")]),
    ...(label === null ? [] : [`  label     ${label}`]),
    ...(spec.sharding === null
      ? []
      : [`  processes by accelerate, as accelerate.json in the job's folder says (${spec.sharding})`]),
    ...(launch === null ? [] : formatLaunch(launch)),
    formatTable(["setting", "value", "source"], rows).replace(/^/gm, "  "),
  ].join("\n");
}

function describeSubset({ subset, method, parts }: JobSpec): string {
  if (parts === undefined) return subset;
  const how = method === "alora" ? "together on one tree" : "one after the other on one copy of the base";
  return `${parts.map((part) => part.subset).join(", ")} ${how}`;
}

/** A role's own value stands beside the first one's. */
function listTraining(spec: JobSpec): [string, unknown][] {
  const [first = spec, ...others] = partsOf(spec);
  const values: Record<string, unknown> = first.training;
  const isShared = ({ training }: JobSpec, key: string) =>
    JSON.stringify((training as typeof values)[key]) === JSON.stringify(values[key]);
  const keys = new Set([first, ...others].flatMap(({ training }) => Object.keys(training)));
  return [...keys].flatMap((key): [string, unknown][] => {
    const own = others.filter((other) => !isShared(other, key));
    const told = own.map(({ subset, training }): [string, unknown] => {
      return [`training.${key} (${subset})`, (training as typeof values)[key]];
    });
    return [[`training.${key}`, values[key]], ...told];
  });
}

function describeParent({ parent, baseModel }: JobSpec): string {
  if (parent === null) return baseModel;
  if (parent.id === null)
    return `the best checkpoint of ${parent.jobId}, when that has succeeded (${baseModel})`;
  return `${parent.id} (from ${baseModel})`;
}

function formatEstimate(estimate: Estimate): string[] {
  const { rows, validationRows, tokens, trainedTokens, optimizerSteps, processedTokens, peakMemoryBytes } =
    estimate;
  const about = estimate.isExact ? "" : "about ";
  return [
    `  data      ${plural(rows, "row")}, ${validationRows} for validation; ${about}${plural(tokens, "token")}, ${trainedTokens} trained`,
    `  work      ${about}${plural(optimizerSteps, "optimizer step")}, ${plural(processedTokens, "token")}; memory ${formatBytes(peakMemoryBytes)}; time ${formatSeconds(estimate.seconds)} (${estimate.basis})`,
  ];
}

/** Those that are too small are named, but not dearer ones without end. */
function formatMachines(machines: readonly MachineReport[]): string {
  const [asked, ...others] = machines;
  const fitting = others.filter(({ fits }) => fits === true);
  const rows = [...(asked === undefined ? [] : [asked]), ...fitting].map((machine) => [
    `${machine.gpus} × ${machine.gpu}`,
    `${formatBytes(machine.memoryBytes)} of ${formatBytes(machine.capacityBytes)}${machine.fits === false ? ": too little" : ""}`,
    formatSeconds(machine.seconds),
    dollarsText(machine.dollarsPerHour),
    dollarsText(machine.dollars),
  ]);
  const left = others.length - fitting.length;
  const table = formatTable(["gpus", "memory", "time", "an hour", "whole job"], rows);
  return left === 0
    ? table
    : `${table}\n${plural(left, "other type")} ${left === 1 ? "has" : "have"} too little memory`;
}

function formatQuote({ dollarsPerHour, dollars, source }: Quote): string {
  const isByTheHour = dollars === null && dollarsPerHour !== null;
  return `${dollarsText(dollars ?? dollarsPerHour)}${isByTheHour ? " an hour" : ""} (${source})`;
}

function formatLaunch({ requests, uploads }: LaunchPlan): string[] {
  const bytes = uploads.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const upload =
    uploads.length === 0 ? [] : [`  upload    ${plural(uploads.length, "file")}, ${formatBytes(bytes)}`];
  const lines = requests.flatMap(({ request, body }) => {
    const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body, null, 2);
    return [`  request   ${request}`, ...(text === "" ? [] : [text.replace(/^/gm, "            ")])];
  });
  return [...upload, ...lines];
}

export function formatBytes(bytes: number | null): string {
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
