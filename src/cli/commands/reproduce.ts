import { Command, Option } from "commander";
import { MllmError } from "../../core/errors.js";
import { BUDGETS } from "../../reproduction/arms.js";
import { collectValues } from "../collect-values.js";
import type { Context } from "../context.js";
import { readDollars, readPositive } from "../read-numbers.js";
import type { ReproduceOptions } from "../reproduction/reproduce-prepare.js";

const EXAMPLES = `
Examples:
  mllm reproduce --recipe tiny --seeds 3
  mllm reproduce --recipe qwen-1.7b-lora --seeds 3 --data out/data --test held-out.jsonl --dry-run

Without --data or --train, the sample world is made anew for each seed. Run it again and it does what is missing.`;

/** `mllm reproduce`: the paper's comparison. */
export function createReproduceCommand(context: Context): Command {
  return new Command("reproduce")
    .description("Train and evaluate the paper's arms, and a control, from one recipe; print its table")
    .requiredOption("--recipe <name>", "a recipe in configs/, or the path of one")
    .option("--seeds <n>", "so many repetitions: the recipe's seed and those after it", readPositive, 3)
    .addOption(
      new Option(
        "--budget <what>",
        "hold only this equal among the arms (default: one after the other)",
      ).choices(BUDGETS),
    )
    .option("--out <dir>", "where data, evaluations and the result go (default: out/reproduce-RECIPE)")
    .option("--trajectories <n>", "of the sample world, to train on", readPositive, 3000)
    .option("--tests <n>", "of the sample world, held out, in and out of domain each", readPositive, 40)
    .option("--data <dir>", "train on a data set made by `mllm split-data`")
    .option("--train <file>", "train on these trajectories; may be given again", collectValues)
    .option("--test <[group=]file>", "held-out trajectories; may be given again", collectValues)
    .option("--tasks <file>", "tasks to be solved live, as `mllm eval live` takes them; wants --tools")
    .option("--tools <file>", "the tools of --tasks")
    .option("--set <key=value>", "change one value of the recipe; may be given again", collectValues)
    .option(
      "--provider <name>",
      "where to train instead of where the recipe says; given again: in this order",
      collectValues,
    )
    .option("--max-cost <dollars>", "of all jobs together: refuse to start above it", readDollars)
    .option("--concurrency <n>", "so many steps or tasks of an arm at once", readPositive, 16)
    .option(
      "--max-new-tokens <n>",
      "tokens of one text (default: 96 in the sample world, else 512)",
      readPositive,
    )
    .option("--dry-run", "show what would be trained and what it would take; start nothing")
    .option("--json", "print JSON: events, one a line, the result last; with --dry-run one document")
    .addHelpText("after", EXAMPLES)
    .action(async (given: Omit<ReproduceOptions, "maxNewTokens"> & { maxNewTokens?: number }) => {
      // A model that has not learned when to stop goes on to the limit; the world's longest text has 57 tokens.
      const isWorld = given.data === undefined && given.train === undefined;
      const options = { ...given, maxNewTokens: given.maxNewTokens ?? (isWorld ? 96 : 512) };
      checkOptions(options);
      const { runReproduction } = await import("../reproduction/reproduce.js");
      await runReproduction(context, { options });
    });
}

function checkOptions({ data, train, test, tasks, tools }: ReproduceOptions): void {
  const isOwn = data !== undefined || train !== undefined;
  const fail = (message: string, hint: string) => {
    throw new MllmError("usage", message, { hint });
  };
  if (data !== undefined && train !== undefined)
    fail("--data and --train cannot go together", "Give one of them.");
  if ((tasks === undefined) !== (tools === undefined)) {
    fail("--tasks and --tools go together", "Tasks are solved with tools that run.");
  }
  if (isOwn && test === undefined && tasks === undefined) {
    fail(
      "there is nothing to evaluate the arms on",
      "Add --test FILE with held-out trajectories, or --tasks FILE.",
    );
  }
  if (!isOwn && (test !== undefined || tasks !== undefined)) {
    fail(
      "--test and --tasks belong to your own data",
      "Add --data or --train; the sample world has its own tests.",
    );
  }
}
