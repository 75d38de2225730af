import { Command } from "commander";
import { addTrioOptions, addWorkOptions } from "../agent/agent-options.js";
import { collectValues } from "../collect-values.js";
import type { Context } from "../context.js";
import type { EvalLiveOptions } from "../evaluation/eval-live.js";
import { readPositive, readTemperature } from "../read-numbers.js";

const EXAMPLES = `
Examples:
  mllm eval live --tasks tasks.jsonl --tools tools.mjs
  mllm eval live --tasks tasks.jsonl --tools tools.mjs --judge https://api.openai.com/v1#gpt-4.1 --votes 5
  mllm eval live --tasks tasks.jsonl --tools tools.mjs --agent desk --reference live-0a1b2c3d4e
  mllm eval live --tasks G1_instruction.json --tools http://127.0.0.1:8080/virtual
  mllm eval live --predictions converted/G1_instruction.json --judge http://gpu:8000/v1#judge

The judge's key is MLLM_JUDGE_TOKEN, from the environment or the credentials file. What was solved or judged once is
not solved or judged again: an interrupted evaluation goes on, a repeated one starts no server and asks no judge.`;

/** `mllm eval live`: an agent solves tasks with tools that run, and is judged. */
export function createEvalLiveCommand(context: Context): Command {
  const command = new Command("live")
    .description("Let an agent solve tasks with tools that run, and judge what it did")
    .option(
      "--tasks <[group=]file>",
      "JSON lines of {id, question, tools?, expected?, group?}, or StableToolBench's queries; may be given again",
      collectValues,
    )
    .option(
      "--ids <path>",
      "only these: a JSON list, or StableToolBench's test_query_ids, a file or the folder",
    )
    .option("--tools <file>", "tools as for `mllm run`, or the address of a virtual API server")
    .option("--yes", "let tools run that may destroy something");
  return addWorkOptions(addTrioOptions(command))
    .option(
      "--predictions <path>",
      "judge what was done elsewhere: ToolEval's converted answers, or recorded trajectories",
    )
    .option("--judge <url#model>", "a chat model that judges, at any OpenAI-compatible server")
    .option("--votes <n>", "how often the judge is asked each question", readPositive, 3)
    .option("--judge-temperature <t>", "of the judge", readTemperature, 0.2)
    .option(
      "--reference <evaluation|path>",
      "who to win against: another live evaluation, converted answers, or trajectories",
    )
    .option("--concurrency <n>", "so many tasks at once", readPositive, 16)
    .option("--again", "solve the tasks anew: their tools do something else now, or were out of reach")
    .option("--out <dir>", "where to write it (default: a folder of its own that `mllm eval list` knows)")
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (options: EvalLiveOptions) => {
      const { evalLive } = await import("../evaluation/eval-live.js");
      await evalLive(context, { options });
    });
}
