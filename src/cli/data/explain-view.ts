import { plural } from "../../core/plural.js";
import { ROLES } from "../../core/roles.js";
import type { InputExplanation } from "../../data/explain-input.js";

/** What `mllm split-data --explain` says of each input. */
export function formatExplanations(explanations: readonly InputExplanation[]): string {
  return explanations.map(formatExplanation).join("\n\n");
}

function formatExplanation(explanation: InputExplanation): string {
  const { path, format, by, also, gives, lacks, sample } = explanation;
  if (format === null || gives === null) {
    return `${path}: no record of a known format\n  ${formatSample(sample)}`;
  }
  const told = by === null ? "given, but the first record does not look like it" : `told by ${by}`;
  const others = also.map(
    (other) => `  also looks like ${other.format}, by ${other.by} (--format ${other.format})`,
  );
  const roles = ROLES.map((role) => `  ${role.padEnd(10)}  ${gives[role] ?? "nothing"}`);
  return [
    `${path}: ${format}, ${told}`,
    ...others,
    ...roles,
    ...(lacks === null ? [] : [`  ${lacks}`]),
    `  ${formatSample(sample)}`,
    `  ${formatSteps(sample)}`,
  ].join("\n");
}

type Sample = InputExplanation["sample"];

function formatSample({ records, used, excluded, rejected }: Sample): string {
  const rest = { ...excluded, ...rejected };
  const reasons = Object.entries(rest).map(([reason, count]) => `, ${reason} ${count}`);
  return `first ${plural(records, "record")}: ${used} used${reasons.join("")}`;
}

function formatSteps({ calls, thoughts, answers, giveUps, untrained }: Sample): string {
  const reasons = Object.entries(untrained).map(([reason, count]) => `${reason} ${count}`);
  const context = reasons.length === 0 ? "" : `; context only: ${reasons.join(", ")}`;
  return `in them ${plural(calls, "call")}, ${thoughts} with a thought; ${plural(answers, "answer")}; ${plural(giveUps, "give-up")}${context}`;
}
