import { Command } from "commander";
import type { Context } from "../context.js";
import { addReadingOptions } from "../data/data-reading-options.js";
import type { StatsOptions } from "../data/data-stats.js";
import { readCount } from "../read-numbers.js";

const HELP = `
Texts are measured with the tokenizer of the recipe's model, of some of the trajectories where there are many.

Examples:
  mllm data stats chats.jsonl
  mllm data stats answers/ --recipe qwen-1.7b-lora --html stats.html
  mllm data stats out/data --tools 50`;

export function createDataStatsCommand(context: Context): Command {
  const command = new Command("stats")
    .description("Count turns and tools and measure texts, of trajectories or of a data set")
    .argument("<input...>", "what split-data reads, or the folder of one data set")
    .option("--recipe <name|file>", "measure with the tokenizer of its model", "tiny")
    .option("--tokenizer <dir>", "measure with the tokenizer in this folder")
    .option("--all", "measure every trajectory, however long that takes")
    .option("--profile <name|file>", "prompt profile that makes the rows", "thread")
    .option("--tools <n>", "show so many tools", readCount, 15)
    .option("--examples <n>", "show so many records of each reason for rejection", readCount, 2)
    .option("--html <file>", "write it as an HTML page with histograms, too")
    .option("--workers <n>", "threads that read, 0 for none (default: by size and cores)", readCount)
    .option("--json", "print it as JSON")
    .addHelpText("after", HELP);
  return addReadingOptions(command).action(async (paths: string[], options: StatsOptions) => {
    const { showStats } = await import("../data/data-stats.js");
    await showStats(context, paths, options);
  });
}
