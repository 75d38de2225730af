import { MllmError } from "../../core/errors.js";
import type { Comparison, MetricDifference } from "./comparison.js";

/** The least that B − A may be, turned so that above zero is better. */
export interface Condition {
  metric: string;
  difference: number;
}

/** One metric of one comparison, as a gate sees it. */
export interface Check extends MetricDifference {
  kind: Comparison["kind"];
  /** The data's name. */
  data: string;
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

const SIGNIFICANT = 0.05;
/** What `0.90 - 0.92` is off from -0.02 by must not fail a gate. */
const ROUNDING = 1e-9;

/**
 * Whether B is worse than A. With conditions: where one is not kept. Without: where a headline metric is significantly
 * worse, which takes both an interval wholly on the bad side and p ≤ 0.05 after Holm's correction over the headline
 * metrics of all comparisons, so that among many metrics chance alone fails one time in twenty at the most. Throws
 * bad_input for a condition on a metric that has no difference.
 */
export function judgeComparisons(
  comparisons: readonly Comparison[],
  conditions: readonly Condition[] = [],
): Verdict {
  const measured = comparisons.flatMap(({ kind, data, metrics }) =>
    metrics
      .filter(({ difference }) => difference !== null)
      .map((metric) => ({ ...metric, kind, data: data.name, ...UNDECIDED })),
  );
  const checks =
    conditions.length === 0
      ? correct(measured.filter(({ isHeadline }) => isHeadline)).map(checkSignificance)
      : conditions.flatMap((condition) => checkCondition(measured, condition));
  return { isWorse: checks.some((check) => check.isWorse), checks };
}

const UNDECIDED = { correctedP: null, atLeast: null, isWorse: false };

/** Throws bad_input where it cannot be checked: a gate that nothing can fail is none. */
function checkCondition(measured: readonly Check[], { metric, difference }: Condition): Check[] {
  const checks = measured.filter(({ name }) => name === metric);
  if (checks.length > 0) {
    return checks.map((check) => {
      const gain = (check.difference ?? 0) * (check.isLowerBetter ? -1 : 1);
      return { ...check, atLeast: difference, isWorse: gain < difference - ROUNDING };
    });
  }
  const names = [...new Set(measured.map(({ name }) => name))];
  throw new MllmError("bad_input", `no item has ${metric} on both sides, so it cannot be a condition`, {
    hint: `There are ${names.join(", ")}.`,
  });
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
  const { low, high, isLowerBetter, correctedP } = check;
  const isOnBadSide = isLowerBetter ? low !== null && low > 0 : high !== null && high < 0;
  return { ...check, isWorse: isOnBadSide && correctedP !== null && correctedP <= SIGNIFICANT };
}
