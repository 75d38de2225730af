import { plural } from "../../core/plural.js";
import type { Comparison } from "../../evaluation/compare/comparison.js";
import type { Check, Verdict } from "../../evaluation/compare/judge-comparisons.js";
import { formatValue } from "./eval-view.js";

/** What a gate decided, and why. */
export function formatVerdict({ isWorse, checks }: Verdict, comparisons: readonly Comparison[]): string {
  const hasConditions = checks.some(({ atLeast }) => atLeast !== null);
  const list = (some: readonly Check[]) =>
    some.map((check) => `\n  ${describe(check, comparisons.length > 1)}`).join("");
  const worse = checks.filter((check) => check.isWorse);
  if (hasConditions) return isWorse ? `B fails:${list(worse)}` : `B passes:${list(checks)}`;
  const metrics = plural(checks.length, "headline metric");
  const rule = checks.length === 1 ? "" : `\n(p after Holm's correction over ${metrics})`;
  if (isWorse) return `B is worse:${list(worse)}${rule}`;
  const verdict = `B is not worse: of ${metrics} none is significantly below A's`;
  if (canShow(comparisons, checks.length)) return verdict;
  const few =
    "so few trajectories cannot show that any is: evaluate on more, or set limits with --fail-below";
  return `${verdict}\nnote: ${few}`;
}

function describe(check: Check, isSeveral: boolean): string {
  const { name, a, b, difference, low, high, correctedP, atLeast, data, kind, isLowerBetter } = check;
  const where = isSeveral ? ` on ${data} (${kind})` : "";
  const values = `${name} ${formatValue(name, a)} → ${formatValue(name, b)}${where}`;
  const change = formatDifference(name, difference);
  if (atLeast === null)
    return `${values}, ${change} (95 % ${formatRange(name, low, high)}, p ${formatP(correctedP)})`;
  const limit = formatDifference(name, isLowerBetter ? -atLeast : atLeast);
  return `${values}, ${change}; the limit is ${limit}`;
}

/** Whether any difference could be found: of n clusters two exchanges of 2ⁿ are as large as the largest there is. */
function canShow(comparisons: readonly Comparison[], checks: number): boolean {
  const clusters = Math.max(...comparisons.map((comparison) => comparison.clusters));
  return (2 / 2 ** clusters) * checks <= 0.05;
}

/** `+1.2`, in points of a hundred, or in the metric's own unit. */
export function formatDifference(name: string, difference: number | null): string {
  if (difference === null) return "-";
  const text = formatValue(name, Math.abs(difference));
  if (Number(text) === 0) return text;
  return `${difference < 0 ? "-" : "+"}${text}`;
}

export function formatRange(name: string, low: number | null, high: number | null): string {
  return low === null || high === null
    ? "-"
    : `${formatDifference(name, low)} to ${formatDifference(name, high)}`;
}

export function formatP(p: number | null): string {
  if (p === null) return "-";
  return p < 0.001 ? "<0.001" : p.toFixed(3);
}
