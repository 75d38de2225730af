import { Command, Option } from "commander";
import { MllmError } from "../../core/errors.js";
import { addTrioOptions, addWorkOptions } from "../agent/agent-options.js";
import type { RunOptions } from "../agent/run-tasks.js";
import type { Context } from "../context.js";
import { readPositive } from "../read-numbers.js";

const EXAMPLES = `
Examples:
  mllm run "What is the weather in TorMen?" --tools data/world/tools.mjs
  mllm run "Rename notes.txt to old.txt" --tools mcp.json --yes --agent desk
  mllm run "Who leads TorMen?" --tools tools.mjs --role-endpoint caller=http://gpu:8000/v1#caller
  mllm run --questions questions.jsonl --tools tools.mjs --trace solved.jsonl

Exit codes: 0 answered, 1 gave up or reached a limit, 130 interrupted; with --questions 0 when all have ended.`;

/** `mllm run`: planner, caller and summarizer solve a task, or a file of tasks, with tools that run. */
export function createRunCommand(context: Context): Command {
  const command = new Command("run")
    .description("Let planner, caller and summarizer solve a task together, with tools that run")
    .argument("[question]", "the task, in words")
    .requiredOption(
      "--tools <file>",
      "tools: a JavaScript module, an mcpServers file, an OpenAPI document, or a file that names several",
    );
  addWorkOptions(addTrioOptions(command));
  return command
    .addOption(
      new Option("--compat <reference>", "search as the reference does, with models of its own").choices([
        "alpha-umi",
      ]),
    )
    .option("--profile <file>", "of --compat: JSON with the prompts of planner, caller and summarizer")
    .option("--yes", "let tools run that may destroy something")
    .option("--questions <file>", "solve many: JSON lines of {id, question, tools?, expected?, group?}")
    .option("--concurrency <n>", "of --questions, so many at once", readPositive, 16)
    .option(
      "--trace <file>",
      "write what was done as trajectories that `mllm split-data` reads, with all events",
    )
    .option("--json", "print JSON: events, one a line")
    .addHelpText("after", EXAMPLES)
    .action(async (question: string | undefined, options: RunOptions) => {
      if ((question === undefined) === (options.questions === undefined)) {
        throw new MllmError("usage", "expected a question, or --questions", {
          hint: 'mllm run "…" --tools FILE',
        });
      }
      const { runTasks } = await import("../agent/run-tasks.js");
      await runTasks(context, { question: question ?? null, options });
    });
}
