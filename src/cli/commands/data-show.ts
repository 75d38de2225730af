import { Command, Option } from "commander";
import { SUBSETS } from "../../core/roles.js";
import { collectValues } from "../collect-values.js";
import type { Context } from "../context.js";
import { addReadingOptions } from "../data/data-reading-options.js";
import type { ShowOptions } from "../data/data-show.js";

const HELP = `
ID is a trajectory's own id, or its place: FILE:INDEX, counted from 0.
What is trained is coloured on a terminal, and stands between ▶ and ◀ elsewhere.

Examples:
  mllm data show chats.jsonl:7 --in chats.jsonl
  mllm data show G1:10 --in out/data --role caller`;

export function createDataShowCommand(context: Context): Command {
  const command = new Command("show")
    .description("Print one trajectory as each role sees it")
    .argument("<id>", "id or place of the trajectory")
    .addOption(
      new Option("--in <input>", "what split-data reads, or the folder of a data set (repeatable)")
        .argParser(collectValues)
        .makeOptionMandatory(),
    )
    .addOption(new Option("--role <name>", "only what this one sees").choices(SUBSETS))
    .option("--recipe <name|file>", "count tokens with the tokenizer of its model", "tiny")
    .option("--tokenizer <dir>", "count tokens with the tokenizer in this folder")
    .option("--profile <name|file>", "prompt profile that makes the rows (not of a data set)", "thread")
    .option("--short", "cut what nobody is trained on")
    .option("--json", "print it as JSON")
    .addHelpText("after", HELP);
  return addReadingOptions(command).action(async (id: string, options: ShowOptions) => {
    const { show } = await import("../data/data-show.js");
    await show(context, id, options);
  });
}
