import { Command } from "commander";
import type { Context } from "../context.js";
import { quoteArgument, writeResult } from "../output.js";

const EXAMPLES = `
Writes the very data set that one run of split-data would have written, whatever the number of shards.

Example:
  mllm split-data chats/ --shard 1/2 --out shards/1        # on any machine
  mllm split-data chats/ --shard 2/2 --out shards/2        # on another
  mllm data merge shards/1 shards/2 --out out/data`;

/** `mllm data merge`: the shards of one split become its data set. */
export function createDataMergeCommand(context: Context): Command {
  return new Command("merge")
    .description("Put the shards of one split together")
    .argument("<shard...>", "folders that split-data --shard wrote, all of one split, in any order")
    .requiredOption("--out <dir>", "folder of the data set; a data set in it is replaced")
    .option("--dry-run", "read and count, write nothing")
    .option("--json", "print the manifest as JSON")
    .addHelpText("after", EXAMPLES)
    .action((shards: string[], options: MergeOptions) => merge(context, shards, options));
}

interface MergeOptions {
  out: string;
  dryRun?: boolean;
  json?: boolean;
}

async function merge(context: Context, shards: string[], options: MergeOptions): Promise<void> {
  const { mergeShards } = await import("../../data/shards/merge-shards.js");
  const { followReading, formatSplit, writeSplitNotes } = await import("../data/split-view.js");
  const isDryRun = options.dryRun === true;
  const events = mergeShards({
    ...{ shards, out: options.out, cwd: context.cwd, isDryRun },
    ...{ createdBy: `mllm ${context.version}`, signal: context.signal },
  });
  const { manifest } = await followReading(context, events);
  writeSplitNotes(context, manifest, { isDryRun });
  const next = isDryRun
    ? "dry run: nothing was written"
    : `next: mllm train --stage 1 --recipe tiny --data ${quoteArgument(options.out)}`;
  writeResult(context, { json: options.json === true, value: manifest, text: formatSplit(manifest, next) });
}
