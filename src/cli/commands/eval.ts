import { Command } from "commander";
import type { Context } from "../context.js";
import { createEvalCompareCommand } from "./eval-compare.js";
import { createEvalListCommand, createEvalShowCommand } from "./eval-list.js";
import { createEvalLiveCommand } from "./eval-live.js";
import { createEvalStaticCommand } from "./eval-static.js";

/** `mllm eval`: what checkpoints are worth, on recorded steps and on tasks, and which of two is better. */
export function createEvalCommand(context: Context): Command {
  return new Command("eval")
    .description("Measure agents: on recorded steps, on tasks that run, one against another")
    .addCommand(createEvalStaticCommand(context))
    .addCommand(createEvalLiveCommand(context))
    .addCommand(createEvalCompareCommand(context))
    .addCommand(createEvalListCommand(context))
    .addCommand(createEvalShowCommand(context));
}
