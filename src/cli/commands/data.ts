import { Command, Option } from "commander";
import { MllmError } from "../../core/errors.js";
import { SUBSETS, type Subset } from "../../core/roles.js";
import type { Context } from "../context.js";
import { writeResult } from "../output.js";
import { createDataInspectCommand } from "./data-inspect.js";
import { createDataMergeCommand } from "./data-merge.js";
import { createDataShowCommand } from "./data-show.js";
import { createDataStatsCommand } from "./data-stats.js";
import { createDataValidateCommand } from "./data-validate.js";

interface ExportOptions {
  to: "trl" | "openai";
  subset: Subset;
  out: string;
  validation?: boolean;
  endOfTurn?: string;
  json?: boolean;
}

const EXAMPLES = `
Examples:
  mllm data export out/data --to trl --subset planner --end-of-turn "<|im_end|>" --out planner.jsonl
  mllm data export out/data --to openai --subset backbone --out backbone.jsonl

trl: prompt and completion, one row for each trained turn.
openai: messages and tools, one row for each trajectory (thread rows only). A planner's turn and the call or the
answer after it are one message, which has weight 1 where any of the two is trained in this subset.`;

/** `mllm data`: what can be done with a data set besides training on it. */
export function createDataCommand(context: Context): Command {
  const exportCommand = new Command("export")
    .description("Write a subset in another tool's format")
    .argument("<dir>", "folder of a data set, as split-data makes it")
    .addOption(
      new Option("--to <format>", "format of the rows").choices(["trl", "openai"]).makeOptionMandatory(),
    )
    .addOption(new Option("--subset <name>", "which subset").choices(SUBSETS).default("backbone"))
    .requiredOption("--out <file>", "JSON lines; a file of that name is replaced")
    .option("--validation", "the validation rows instead of the training rows")
    .option("--end-of-turn <token>", "your tokenizer's token, in place of the profile's (trl)")
    .option("--json", "print the result as JSON")
    .addHelpText("after", EXAMPLES)
    .action((dataset: string, options: ExportOptions) => exportSubset(context, dataset, options));
  return new Command("data")
    .description("Work with data sets")
    .addCommand(createDataInspectCommand(context))
    .addCommand(createDataStatsCommand(context))
    .addCommand(createDataValidateCommand(context))
    .addCommand(createDataShowCommand(context))
    .addCommand(createDataMergeCommand(context))
    .addCommand(exportCommand);
}

async function exportSubset(context: Context, dataset: string, options: ExportOptions): Promise<void> {
  if (options.to === "openai" && options.endOfTurn !== undefined) {
    throw new MllmError("usage", "--end-of-turn goes with --to trl only", {
      hint: "Messages have no end-of-turn token: the service puts in its own.",
    });
  }
  const { exportDataset } = await import("../../data/export-dataset.js");
  const { followReading } = await import("../split-view.js");
  const events = exportDataset({
    dataset,
    out: options.out,
    cwd: context.cwd,
    subset: options.subset,
    side: options.validation === true ? "validation" : "train",
    to: options.to,
    endOfTurn: options.endOfTurn ?? null,
    signal: context.signal,
  });
  const { rows, examples } = await followReading(context, events);
  const value = { file: options.out, to: options.to, subset: options.subset, examples, rows };
  const text = `${rows} rows of ${examples} examples in ${options.out}`;
  writeResult(context, { json: options.json === true, value, text });
}
