import { Command, InvalidArgumentError, Option } from "commander";
import { MllmError } from "../../core/errors.js";
import { collectValues } from "../collect-values.js";
import type { Context } from "../context.js";
import { addReadingOptions, type ReadingOptions, readReading } from "../data/data-reading-options.js";
import { addPolicyOptions, type PolicyOptions, readPolicies } from "../data/policy-options.js";
import type { SideOptionValues } from "../data/read-sides.js";
import { quoteArgument, writeResult } from "../output.js";

interface SplitDataOptions extends PolicyOptions, ReadingOptions, SideOptionValues {
  out?: string;
  explain?: boolean;
  profile?: string;
  rows?: "thread" | "step";
  compat?: "alpha-umi";
  shards?: number;
  shard?: string;
  excludeIds?: string[];
  limit?: number;
  workers?: number;
  strict?: boolean;
  maxErrors?: number;
  dryRun?: boolean;
  json?: boolean;
}

const EXAMPLES = `
Examples:
  mllm split-data data/trajectories/full/train.jsonl --out out/data
  mllm split-data toolbench/answer --exclude-ids test_query_ids/G1_tool.json --out out/data
  mllm split-data chats.jsonl --dedupe near --exclude test.jsonl --filter only-english.mjs --out out/data
  mllm split-data xlam_function_calling_60k.json --explain
  mllm split-data dialogues.json --map from=speaker,value=says,human=customer --out out/data
  mllm split-data chats.jsonl --rows step --validation 0.05 --out out/steps
  mllm split-data answers/ --test 0.05 --unseen-tools 0.1 --out out/data
  mllm split-data answers/ --shard 2/8 --out shards/2
  mllm split-data raw_data_stage_2.json --compat alpha-umi --profile prompts.json --out out/reference`;

/** `mllm split-data`: trajectories in, one file of examples per subset out. */
export function createSplitDataCommand(context: Context): Command {
  const command = new Command("split-data")
    .description("Split trajectories into the subsets of backbone, planner, caller and summarizer")
    .argument(
      "<input...>",
      "JSON, JSON lines, CSV, Parquet or Arrow, also .gz and .zst; a folder of such files, - for stdin, https://… or hf://datasets/…",
    )
    .option("--out <dir>", "folder of the data set; a data set in it is replaced")
    .option("--explain", "say what the inputs are taken for and what that gives to each role; write nothing");
  addReadingOptions(command)
    .option("--profile <name|file>", "prompt profile (default: thread)")
    .addOption(new Option("--rows <rows>", "one row a trajectory, or one a step").choices(["thread", "step"]))
    .option("--validation <share>", "share of the trajectories kept for validation", readShare, 0.02)
    .option("--test <share>", "share of the trajectories kept for a test: new instructions", readShare, 0)
    .option("--unseen-tools <share|file>", "tools that occur in a test of their own only")
    .option("--unseen-categories <share|file>", "the same for categories of tools")
    .option("--categories <file>", "a JSON object: tool to category, where records do not tell")
    .addOption(
      new Option("--stratify <by>", "let the shares hold among those that call the same tool first").choices([
        "tool",
      ]),
    )
    .option("--seed <number>", "decides which trajectories those are", readCount, 0)
    .option("--exclude-ids <file>", "leave out these ids (repeatable)", collectValues);
  return addPolicyOptions(command)
    .option("--limit <n>", "use at most n trajectories", readPositive)
    .option("--workers <n>", "threads that read, 0 for none (default: by size and cores)", readCount)
    .option("--shards <n>", "how many runs share the work", readPositive)
    .option("--shard <i>", "do the part of the i-th of them; also 2/8 for --shards 8 --shard 2")
    .option("--strict", "stop at the first record that cannot be used")
    .option("--max-errors <n>", "stop when more than n records cannot be used", readCount)
    .addOption(
      new Option("--compat <reference>", "write the very files of the reference").choices(["alpha-umi"]),
    )
    .option("--dry-run", "read and count, write nothing")
    .option("--json", "print the manifest as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (inputs: string[], options: SplitDataOptions, command: Command) => {
      const { out } = options;
      if (options.explain === true) return await explain(context, inputs, options);
      if (out === undefined) {
        throw new MllmError("usage", "--out is missing", {
          hint: "Name the folder of the data set: --out out/data. --explain needs none.",
        });
      }
      if (options.compat !== undefined) {
        const { splitAsReference } = await import("../data/split-as-reference.js");
        const given = command.options.filter(
          (option) => command.getOptionValueSource(option.attributeName()) === "cli",
        );
        return await splitAsReference(context, inputs, { ...options, out, given });
      }
      if (options.rows !== undefined && options.profile !== undefined) {
        throw new MllmError("usage", "--rows and --profile cannot go together", {
          hint: "A profile says what its rows are: give one of the two.",
        });
      }
      await split(context, inputs, { ...options, out });
    });
}

type WithOut = SplitDataOptions & { out: string };

async function explain(context: Context, inputs: string[], options: SplitDataOptions): Promise<void> {
  const { explainInputs } = await import("../data/explain-inputs.js");
  const { format, readers } = await readReading(options);
  await explainInputs(context, inputs, { format, readers, json: options.json === true });
}

async function split(context: Context, inputs: string[], options: WithOut): Promise<void> {
  const { splitDataset } = await import("../../data/split-dataset.js");
  const { readExcludedIds } = await import("../../data/exclude-ids.js");
  const { loadProfile } = await import("../../prompts/load-profile.js");
  const { followReading, formatSplit, writeSplitNotes } = await import("../data/split-view.js");
  const { inputPlace } = await import("../data/input-place.js");
  const profile = await loadProfile(options.profile ?? options.rows ?? "thread", context);
  const { readSides } = await import("../data/read-sides.js");
  const { readShardPlace, splitShard } = await import("../data/split-shard.js");
  const shard = readShardPlace(options.shard, options.shards);
  const isDryRun = options.dryRun === true;
  const { format, readers } = await readReading(options);
  const request = {
    inputs,
    out: options.out,
    ...inputPlace(context),
    ...(format !== null && { format }),
    readers,
    policies: await readPolicies(context, options),
    excludedIds: await readExcludedIds(options.excludeIds ?? [], context.cwd),
    limit: options.limit ?? null,
    ...(await readSides(options, context.cwd)),
    isStrict: options.strict === true,
    maxErrors: options.maxErrors ?? null,
    isDryRun,
    workers: options.workers ?? null,
    createdBy: `mllm ${context.version}`,
    profile,
    signal: context.signal,
  };
  if (shard !== null) return await splitShard(context, request, { shard, json: options.json === true });
  const events = splitDataset(request);
  const { manifest } = await followReading(context, events);
  writeSplitNotes(context, manifest, { isDryRun });
  const next = isDryRun
    ? "dry run: nothing was written"
    : `next: mllm train --stage 1 --recipe tiny --data ${quoteArgument(options.out)}`;
  writeResult(context, { json: options.json === true, value: manifest, text: formatSplit(manifest, next) });
}

function readShare(value: string): number {
  const share = Number(value);
  if (value.trim() === "" || !(share >= 0 && share < 1))
    throw new InvalidArgumentError("expected a number from 0 to below 1");
  return share;
}

function readCount(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new InvalidArgumentError("expected a whole number, 0 or more");
  return Number(value);
}

function readPositive(value: string): number {
  const count = readCount(value);
  if (count === 0) throw new InvalidArgumentError("expected a whole number, 1 or more");
  return count;
}
