import type { Step } from "../../core/trajectory.js";
import type { Evaluation } from "../evaluation.js";
import type { Item } from "../item.js";

const INSTEAD: Record<Step["kind"], string> = {
  user: "asking",
  call: "calling a tool",
  answer: "answering",
  give_up: "giving up",
};

const ACTS: Record<Step["kind"], string> = {
  user: "asks",
  call: "calls a tool",
  answer: "answers",
  give_up: "gives up",
};

/** In a few words what kind of mistake an item is; null where nothing is wrong. */
export function classifyItem(kind: Evaluation["kind"], item: Item): string | null {
  return kind === "static" ? classifyStep(item) : classifyTask(item);
}

function classifyStep({ scores, reference, prediction }: Item): string | null {
  if (scores.step_exact === 1) return null;
  const [recorded, predicted] = [reference[0], prediction[0]];
  if (recorded === undefined || predicted === undefined) return "nothing to compare";
  if (recorded.kind !== predicted.kind) return `${ACTS[predicted.kind]} instead of ${INSTEAD[recorded.kind]}`;
  if (predicted.kind !== "call" || recorded.kind !== "call") return "answers in other words";
  if (scores.hallucination === 1) return "calls a tool that is not offered";
  return recorded.call.name === predicted.call.name ? "calls with other arguments" : "calls another tool";
}

function classifyTask({ scores, prediction, notes }: Item): string | null {
  if (scores.solved === 1) return null;
  const verdict = scores.solved === null || scores.solved === undefined ? "not judged" : "not solved";
  const last = prediction.at(-1)?.kind;
  if (scores.at_limit === 1 || notes.some((note) => note.startsWith("limit")))
    return `${verdict}: stops at a limit`;
  return last === undefined ? `${verdict}: does nothing` : `${verdict}: ${ACTS[last]}`;
}
