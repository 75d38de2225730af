import type { Step } from "../core/trajectory.js";
import { type Decision, decisionOf, toolOf } from "./decision-of.js";
import type { Confusion } from "./evaluation.js";
import type { Item } from "./item.js";

/** The tools that have a row of their own. */
const MOST_TOOLS = 12;

/** What was recorded against what was predicted, one step each: the planner's decision and the caller's tool. */
export function countConfusions(items: readonly Item[]): Confusion[] {
  const steps = items.flatMap(({ reference: [recorded], prediction: [predicted] }) =>
    recorded === undefined || predicted === undefined ? [] : [{ recorded, predicted }],
  );
  return [
    confuseDecisions(steps.map(({ recorded, predicted }) => [decisionOf(recorded), decisionOf(predicted)])),
    confuseTools(steps.map(({ recorded, predicted }) => [labelOf(recorded), labelOf(predicted)])),
  ];
}

type Pair<Label> = [recorded: Label, predicted: Label];

/** `none` is there where a planner decided nothing. */
function confuseDecisions(pairs: readonly Pair<Decision | null>[]): Confusion {
  const decisions: (Decision | null)[] = ["call", "answer", "give_up"];
  if (pairs.flat().includes(null)) decisions.push(null);
  const labels = decisions.map((decision) => decision?.replace("_", " ") ?? "none");
  const counts = labels.map(() => labels.map(() => 0));
  for (const [recorded, predicted] of pairs) {
    count(counts, decisions.indexOf(recorded), decisions.indexOf(predicted));
  }
  return { title: "planner: decision", labels, counts };
}

/** The tool of a call; "other" where it names none, "none" of steps that are no calls. */
type ToolLabel = { tool: string } | "other" | "none";

function labelOf(step: Step): ToolLabel {
  if (step.kind !== "call") return "none";
  const tool = toolOf(step);
  return tool === null ? "other" : { tool };
}

/** Steps in which neither side is a call are left out. */
function confuseTools(pairs: readonly Pair<ToolLabel>[]): Confusion {
  const tools = mostFrequent(pairs.flat());
  const places = new Map(tools.map((tool, place) => [tool, place]));
  const labels = [...tools, "other", "none"];
  const placeOf = (label: ToolLabel) => {
    if (label === "none") return labels.length - 1;
    return (label === "other" ? undefined : places.get(label.tool)) ?? labels.length - 2;
  };
  const counts = labels.map(() => labels.map(() => 0));
  for (const [recorded, predicted] of pairs) {
    if (recorded !== "none" || predicted !== "none") count(counts, placeOf(recorded), placeOf(predicted));
  }
  return { title: "caller: tool", labels, counts };
}

function count(counts: number[][], row: number, column: number): void {
  const cells = counts[row];
  if (cells?.[column] !== undefined) cells[column] += 1;
}

function mostFrequent(labels: readonly ToolLabel[]): string[] {
  const times = new Map<string, number>();
  for (const label of labels) {
    if (typeof label === "object") times.set(label.tool, (times.get(label.tool) ?? 0) + 1);
  }
  return [...times]
    .sort(([a, timesA], [b, timesB]) => timesB - timesA || (a < b ? -1 : 1))
    .slice(0, MOST_TOOLS)
    .map(([tool]) => tool);
}
