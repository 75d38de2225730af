import { Command, Option } from "commander";
import type { Side } from "../../core/dataset-manifest.js";
import { MllmError } from "../../core/errors.js";
import { plural } from "../../core/plural.js";
import { SUBSETS, type Subset } from "../../core/roles.js";
import { TEST_SIDES } from "../../core/test-sides.js";
import type { Context } from "../context.js";
import { writeResult } from "../output.js";

interface ExportOptions {
  to: "trl" | "openai";
  subset: Subset;
  side: Side;
  out: string;
  endOfTurn?: string;
  json?: boolean;
}

const EXAMPLES = `
Examples:
  mllm data export out/data --to trl --subset planner --end-of-turn "<|im_end|>" --out planner.jsonl
  mllm data export out/data --to openai --subset backbone --out backbone.jsonl
  mllm data export out/data --to openai --side test-unseen-tools --out test.jsonl

trl: prompt and completion, one row for each trained turn.
openai: messages and tools, one row for each trajectory (thread rows only). A planner's turn and the call or the
answer after it are one message, which has weight 1 where any of the two is trained in this subset.`;

/** `mllm data export`: a subset as other tools read it. */
export function createDataExportCommand(context: Context): Command {
  return new Command("export")
    .description("Write a subset in another tool's format")
    .argument("<dir>", "folder of a data set, as split-data makes it")
    .addOption(
      new Option("--to <format>", "format of the rows").choices(["trl", "openai"]).makeOptionMandatory(),
    )
    .addOption(new Option("--subset <name>", "which subset").choices(SUBSETS).default("backbone"))
    .addOption(
      new Option("--side <name>", "which of its rows")
        .choices(["train", "validation", ...TEST_SIDES])
        .default("train"),
    )
    .requiredOption("--out <file>", "JSON lines; a file of that name is replaced")
    .option("--end-of-turn <token>", "your tokenizer's token, in place of the profile's (trl)")
    .option("--json", "print the result as JSON")
    .addHelpText("after", EXAMPLES)
    .action((dataset: string, options: ExportOptions) => exportSubset(context, dataset, options));
}

async function exportSubset(context: Context, dataset: string, options: ExportOptions): Promise<void> {
  const { to, subset, side, out } = options;
  if (to === "openai" && options.endOfTurn !== undefined) {
    throw new MllmError("usage", "--end-of-turn goes with --to trl only", {
      hint: "Messages have no end-of-turn token: the service puts in its own.",
    });
  }
  const { exportDataset } = await import("../../data/export-dataset.js");
  const { followReading } = await import("../data/split-view.js");
  const events = exportDataset({
    ...{ dataset, out, to, subset, side, cwd: context.cwd, signal: context.signal },
    endOfTurn: options.endOfTurn ?? null,
  });
  const { rows, examples } = await followReading(context, events);
  const value = { file: out, to, subset, side, examples, rows };
  writeResult(context, {
    ...{ json: options.json === true, value },
    text: `${plural(rows, "row")} of ${plural(examples, "example")} in ${out}`,
  });
}
