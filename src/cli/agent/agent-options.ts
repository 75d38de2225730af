import { type Command, Option } from "commander";
import type { Limits } from "../../agent/limits.js";
import type { SolveOptions } from "../../agent/solve-task.js";
import type { Role } from "../../core/roles.js";
import { readCount, readPositive, readTemperature } from "../read-numbers.js";
import { collectEndpoints, type RoleEndpoints } from "./serve-options.js";

/** Which roles act, and where they live. */
export interface TrioOptions extends Partial<Record<Role, string>> {
  agent?: string;
  roleEndpoint?: RoleEndpoints;
}

/** How they work on a task. */
export interface WorkOptions extends Limits, Pick<SolveOptions, "strategy" | "temperature" | "seed"> {
  freeCalls?: true;
}

export function addTrioOptions(command: Command): Command {
  return command
    .option("--agent <name>", "a trio that `mllm agents` knows (default: the newest)")
    .option("--planner <id>", "a planner's checkpoint, or a backbone, in place of the agent's")
    .option("--caller <id>", "a caller's checkpoint, or a backbone, in place of the agent's")
    .option("--summarizer <id>", "a summarizer's checkpoint, or a backbone, in place of the agent's")
    .option(
      "--role-endpoint <role=url#model>",
      "a server that has a role already; may be given again",
      collectEndpoints,
    );
}

export function addWorkOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--strategy <name>", "search: go back where the agent gives up and tools allow it")
        .choices(["chain", "search"])
        .default("search"),
    )
    .option("--max-turns <n>", "planner turns of one chain", readPositive, 8)
    .option("--max-calls <n>", "calls of tools in all", readPositive, 30)
    .option("--max-tokens <n>", "tokens that the roles may write in all", readPositive, 8192)
    .option("--max-new-tokens <n>", "tokens of one text", readPositive, 512)
    .option("--max-seconds <n>", "for one task", readPositive, 300)
    .option("--temperature <t>", "0: the most probable text, always", readTemperature, 0)
    .option("--seed <n>", "for temperatures above 0", readCount, 0)
    .option(
      "--free-calls",
      "let the caller write any name; a wrong one comes back to the planner as an error",
    );
}

export function toLimits(options: WorkOptions): Limits {
  const { maxTurns, maxCalls, maxTokens, maxNewTokens, maxSeconds } = options;
  return { maxTurns, maxCalls, maxTokens, maxNewTokens, maxSeconds };
}
