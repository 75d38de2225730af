import { MllmError } from "../../core/errors.js";
import type { Condition } from "../../evaluation/compare/judge-comparisons.js";
import { METRICS } from "../../evaluation/metrics.js";

export const FAIL_BELOW = [
  "--fail-below <metric=difference>",
  "fail where B − A is below this, such as argument_f1=-0.02 (better is above zero); may be given again",
] as const;

/** `--fail-below METRIC=DIFFERENCE…`. Throws usage for an unknown metric, or a difference that is none. */
export function readConditions(texts: readonly string[]): Condition[] {
  return texts.map((text) => {
    const [, name = "", number = ""] = /^([^=]*)=?(.*)$/s.exec(text) ?? [];
    const metric = METRICS.find((each) => each.name === name);
    if (!text.includes("=")) {
      throw new MllmError("usage", `--fail-below ${text} names no difference`, {
        hint: `For example --fail-below ${metric?.name ?? "argument_f1"}=-0.02.`,
      });
    }
    if (metric === undefined) {
      throw new MllmError("usage", `--fail-below ${text}: there is no metric ${name || "without a name"}`, {
        hint: `METRIC=DIFFERENCE; metrics: ${METRICS.map((each) => each.name).join(", ")}.`,
      });
    }
    const difference = number.trim() === "" ? Number.NaN : Number(number);
    const isShare = !metric.title.endsWith("(count)");
    if (!Number.isFinite(difference) || (isShare && Math.abs(difference) > 1)) {
      throw new MllmError(
        "usage",
        `--fail-below ${text}: ${number || "nothing"} is no difference of ${name}`,
        {
          hint: isShare
            ? "From -1 to 1: -0.02 lets it lose two points in a hundred, 0 nothing."
            : "A number: -5 lets it get worse by five, 0 by nothing.",
        },
      );
    }
    return { metric: name, difference };
  });
}
