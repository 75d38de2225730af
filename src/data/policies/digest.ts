import { hash } from "node:crypto";
import type { Step, Trajectory } from "../../core/trajectory.js";

/** 53 bits of a hash: among a million texts two different ones share it with a chance of 1 in 18,000. */
export function digestText(text: string): number {
  const bytes = hash("sha256", text, "buffer");
  return bytes.readUIntBE(0, 6) * 32 + ((bytes[6] as number) >> 3);
}

/** Equal for equal instruction, tools and steps, in whatever order their keys stand. */
export function digestTrajectory({ instruction, tools, steps }: Omit<Trajectory, "id">): number {
  const texts = [instruction];
  for (const { name, description, parameters } of tools)
    texts.push(name, description, JSON.stringify(parameters));
  // Nothing in a list of lengths can pass for anything else: what stands where is the same for the same list.
  const shape: (string | number)[] = texts.map(({ length }) => length);
  for (const step of steps) {
    shape.push(step.kind);
    for (const text of textsOf(step)) {
      shape.push(text?.length ?? "-");
      texts.push(text ?? "");
    }
  }
  const whole = `${shape.join()}\n${texts.join("")}`;
  // As UTF-8, halves of characters would be all the same.
  return digestText(whole.isWellFormed() ? whole : JSON.stringify(whole));
}

function textsOf(step: Step): (string | null | undefined)[] {
  if (step.kind === "user") return [step.text];
  const { thought, untrained, unplanned } = step;
  if (step.kind === "give_up") return [thought, untrained, unplanned];
  if (step.kind === "answer") return [thought, untrained, unplanned, step.answer];
  return [thought, untrained, unplanned, step.call.name, step.call.arguments, step.observation];
}
