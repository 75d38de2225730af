import { Command } from "commander";
import type { Context } from "../context.js";
import { addReadingOptions } from "../data/data-reading-options.js";
import type { ValidateOptions } from "../data/data-validate.js";
import { readCount } from "../read-numbers.js";

const HELP = `
Exit code 1 where a record is rejected or anything about the data set is wrong.

Examples:
  mllm data validate chats.jsonl --max-errors 100
  mllm data validate out/data`;

export function createDataValidateCommand(context: Context): Command {
  const command = new Command("validate")
    .description("Check that all records can be used, or that a data set is whole; writes nothing")
    .argument("<input...>", "what split-data reads, or folders of data sets")
    .option("--max-errors <n>", "stop after more than n faults", readCount)
    .option("--examples <n>", "show so many of each reason", readCount, 3)
    .option("--profile <name|file>", "prompt profile that would make the rows", "thread")
    .option("--workers <n>", "threads that read, 0 for none (default: by size and cores)", readCount)
    .option("--json", "print it as JSON")
    .addHelpText("after", HELP);
  return addReadingOptions(command).action(async (paths: string[], options: ValidateOptions) => {
    const { validate } = await import("../data/data-validate.js");
    await validate(context, paths, options);
  });
}
