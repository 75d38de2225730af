import { Command } from "commander";
import type { Context } from "../context.js";

/** `mllm eval`: what checkpoints are worth, on recorded steps and on tasks, and which of two is better. */
export function createEvalCommand(_context: Context): Command {
  return new Command("eval").description(
    "Measure agents: on recorded steps, on tasks that run, one against another",
  );
}
