import type { Step, Trajectory } from "../../core/trajectory.js";
import { digestTrajectory } from "./digest.js";
import type { Dedupe, Fingerprint } from "./duplicates.js";
import type { SignText } from "./sign-text.js";

/** So many words make one of the sequences that near duplicates share. */
const WIDTH = 5;

/** `signText` is called for near duplicates only. */
export function createFingerprint(dedupe: Dedupe, signText: SignText | null) {
  return (trajectory: Omit<Trajectory, "id">): Fingerprint => ({
    digest: dedupe === "off" ? null : digestTrajectory(trajectory),
    signature: dedupe === "near" && signText !== null ? signText(textOf(trajectory), WIDTH) : null,
  });
}

/** What was asked and what the agent said. Results differ from call to call (times, prices) and say nothing about it. */
function textOf({ instruction, steps }: Omit<Trajectory, "id">): string {
  return [instruction, ...steps.map(textOfStep)].join("\n");
}

function textOfStep(step: Step): string {
  if (step.kind === "user") return step.text;
  if (step.kind === "call") return `${step.thought}\n${step.call.name}\n${step.call.arguments}`;
  return step.kind === "answer" ? `${step.thought}\n${step.answer}` : step.thought;
}
