import { METRICS } from "../metrics.js";
import type { Comparison, MetricDifference } from "./comparison.js";

/** The least that B − A may be, turned so that above zero is better. */
export interface Condition {
  metric: string;
  difference: number;
}

/** One metric of one comparison, as a gate sees it. */
export interface Check {
  kind: Comparison["kind"];
  data: string;
  metric: string;
  a: number;
  b: number;
  /** B − A, turned so that above zero is better; its interval likewise. */
  gain: number;
  /** Null where there are too few clusters for one. */
  low: number | null;
  high: number | null;
  p: number | null;
  /** p after Holm's correction for all headline metrics together; null where a condition decides. */
  correctedP: number | null;
  /** The condition that decides; null where significance does. */
  atLeast: number | null;
  isWorse: boolean;
}

export interface Verdict {
  /** A gate lets B through exactly where this is false. */
  isWorse: boolean;
  /** Of the headline metrics where nothing is conditioned; else of the conditions, in their order. */
  checks: Check[];
}

const HEADLINES = new Set(METRICS.filter(({ isHeadline }) => isHeadline).map(({ name }) => name));
const SIGNIFICANT = 0.05;
/** What `0.90 - 0.92` is off from -0.02 by must not fail a gate. */
const ROUNDING = 1e-9;

/**
 * Whether B is worse than A. With conditions: where one is not kept. Without: where a headline metric is significantly
 * worse, which takes both an interval wholly on the bad side and p ≤ 0.05 after Holm's correction over the headline
 * metrics of all comparisons, so that among many metrics chance alone fails one time in twenty at the most.
 */
export function judgeComparisons(
  comparisons: readonly Comparison[],
  conditions: readonly Condition[] = [],
): Verdict {
  const measured = comparisons.flatMap((comparison) =>
    comparison.metrics.flatMap((metric) => createCheck(comparison, metric) ?? []),
  );
  const checks =
    conditions.length === 0
      ? correct(measured.filter((check) => HEADLINES.has(check.metric))).map(checkSignificance)
      : conditions.flatMap(({ metric, difference }) =>
          measured
            .filter((check) => check.metric === metric)
            .map((check) => ({ ...check, atLeast: difference, isWorse: check.gain < difference - ROUNDING })),
        );
  return { isWorse: checks.some((check) => check.isWorse), checks };
}

function createCheck({ kind, data }: Comparison, metric: MetricDifference): Check | null {
  const { a, b, difference, low, high, p, isLowerBetter } = metric;
  if (a === null || b === null || difference === null) return null;
  const turned = isLowerBetter
    ? { gain: -difference, low: high && -high, high: low && -low }
    : { gain: difference, low, high };
  return {
    ...{ kind, data: data.name, metric: metric.name, a, b, ...turned, p },
    ...{ correctedP: null, atLeast: null, isWorse: false },
  };
}

/** Holm: the smallest p times how many there are, the next times one less, and so on, never falling. */
function correct(checks: readonly Check[]): Check[] {
  const pOf = (check: Check) => check.p ?? 1;
  const byP = [...checks].sort((one, other) => pOf(one) - pOf(other));
  let least = 0;
  const corrected = new Map(
    byP.map((check, i) => {
      least = Math.max(least, Math.min(1, pOf(check) * (byP.length - i)));
      return [check, least];
    }),
  );
  return checks.map((check) => ({ ...check, correctedP: corrected.get(check) ?? null }));
}

function checkSignificance(check: Check): Check {
  return { ...check, isWorse: (check.high ?? 0) < 0 && (check.correctedP ?? 1) <= SIGNIFICANT };
}
