import { hash } from "node:crypto";
import type { Step, Trajectory } from "../../core/trajectory.js";

/** 53 bits of a hash: among a million texts two different ones share it with a chance of 1 in 18,000. */
export function digestText(text: string): number {
  const bytes = hash("sha256", text, "buffer");
  return bytes.readUIntBE(0, 6) * 32 + ((bytes[6] as number) >> 3);
}

/** Equal for equal instruction, tools and steps, in whatever order their keys stand. */
export function digestTrajectory({ instruction, tools, steps }: Omit<Trajectory, "id">): number {
  const offered = tools.map(({ name, description, parameters }) => [name, description, parameters]);
  return digestText(JSON.stringify([instruction, offered, steps.map(partsOf)]));
}

function partsOf(step: Step): unknown[] {
  if (step.kind === "user") return [step.kind, step.text];
  const { kind, thought, untrained = null, unplanned = null } = step;
  const parts = [kind, thought, untrained, unplanned];
  if (step.kind === "call") return [...parts, step.call.name, step.call.arguments, step.observation];
  return step.kind === "answer" ? [...parts, step.answer] : parts;
}
