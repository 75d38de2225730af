import type { Step } from "../core/trajectory.js";
import type { Confusion } from "./evaluation.js";
import type { Item } from "./item.js";

/** The tools that have a row of their own. */
const MOST_TOOLS = 12;

/** What was recorded against what was predicted, one step each: the planner's decision and the caller's tool. */
export function countConfusions(items: readonly Item[]): Confusion[] {
  const steps = items.map(({ reference, prediction }) => ({
    recorded: reference[0],
    predicted: prediction[0],
  }));
  const tools = steps.map(({ recorded, predicted }): Pair => [toolOf(recorded), toolOf(predicted)]);
  return [
    confuse(
      "planner: decision",
      ["call", "answer", "give up"],
      steps.map(({ recorded, predicted }): Pair => [decisionOf(recorded), decisionOf(predicted)]),
    ),
    confuseTools(tools),
  ];
}

type Pair = [recorded: string | null, predicted: string | null];

function decisionOf(step: Step | undefined): string | null {
  if (step === undefined || step.kind === "user") return null;
  return step.kind === "give_up" ? "give up" : step.kind;
}

function toolOf(step: Step | undefined): string | null {
  return step?.kind === "call" ? step.call.name : null;
}

/** Pairs without a label on a side are left out. */
function confuse(title: string, labels: string[], pairs: readonly Pair[]): Confusion {
  const counts = labels.map(() => labels.map(() => 0));
  for (const [recorded, predicted] of pairs) {
    count(counts, labels.indexOf(recorded ?? ""), labels.indexOf(predicted ?? ""));
  }
  return { title, labels, counts };
}

/** `none`: that side is no call; steps in which neither is are left out. */
function confuseTools(pairs: readonly Pair[]): Confusion {
  const tools = mostFrequent(pairs.flat());
  const places = new Map(tools.map((tool, place) => [tool, place]));
  const labels = [...tools, "other", "none"];
  const placeOf = (tool: string | null) =>
    tool === null ? labels.length - 1 : (places.get(tool) ?? labels.length - 2);
  const counts = labels.map(() => labels.map(() => 0));
  for (const [recorded, predicted] of pairs) {
    if (recorded !== null || predicted !== null) count(counts, placeOf(recorded), placeOf(predicted));
  }
  return { title: "caller: tool", labels, counts };
}

function count(counts: number[][], row: number, column: number): void {
  const cells = counts[row];
  if (cells?.[column] !== undefined) cells[column] += 1;
}

function mostFrequent(tools: readonly (string | null)[]): string[] {
  const times = new Map<string, number>();
  for (const tool of tools) if (tool !== null) times.set(tool, (times.get(tool) ?? 0) + 1);
  return [...times]
    .sort(([a, timesA], [b, timesB]) => timesB - timesA || (a < b ? -1 : 1))
    .slice(0, MOST_TOOLS)
    .map(([tool]) => tool);
}
