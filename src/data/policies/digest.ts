import { hash } from "node:crypto";
import type { Trajectory } from "../../core/trajectory.js";

/** 53 bits of a hash: among a million texts two different ones share it with a chance of 1 in 18,000. */
export function digestText(text: string): number {
  const bytes = hash("sha256", text, "buffer");
  return bytes.readUIntBE(0, 6) * 32 + ((bytes[6] as number) >> 3);
}

/** Equal for equal instruction, tools and steps. */
export function digestTrajectory({ instruction, tools, steps }: Omit<Trajectory, "id">): number {
  return digestText(JSON.stringify([instruction, tools, steps]));
}
