import { Command, InvalidArgumentError, Option } from "commander";
import { MllmError } from "../../core/errors.js";
import { SUBSETS } from "../../core/roles.js";
import { collectValues } from "../collect-values.js";
import type { Context } from "../context.js";
import { quoteArgument, writeResult } from "../output.js";

// Written out so that `--help` loads no reader; a test compares it with the readers.
export const FORMAT_CHOICES = ["toolbench", "toolllama", "alpha-umi-1", "alpha-umi-2", "openai"] as const;

interface SplitDataOptions {
  out: string;
  format?: (typeof FORMAT_CHOICES)[number];
  profile?: string;
  rows?: "thread" | "step";
  compat?: "alpha-umi";
  validation: number;
  seed: number;
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
  mllm split-data chats.jsonl --rows step --validation 0.05 --out out/steps
  mllm split-data raw_data_stage_2.json --compat alpha-umi --profile prompts.json --out out/reference`;

/** `mllm split-data`: trajectories in, one file of examples per subset out. */
export function createSplitDataCommand(context: Context): Command {
  return new Command("split-data")
    .description("Split trajectories into the subsets of backbone, planner, caller and summarizer")
    .argument(
      "<input...>",
      "JSON, JSON lines, CSV, Parquet or Arrow, also .gz and .zst; a folder of such files, - for stdin, https://… or hf://datasets/…",
    )
    .requiredOption("--out <dir>", "folder of the data set; a data set in it is replaced")
    .addOption(
      new Option("--format <format>", "format of the records (default: detected)").choices(FORMAT_CHOICES),
    )
    .option("--profile <name|file>", "prompt profile (default: thread)")
    .addOption(new Option("--rows <rows>", "one row a trajectory, or one a step").choices(["thread", "step"]))
    .option("--validation <share>", "share of the trajectories kept for validation", readShare, 0.02)
    .option("--seed <number>", "decides which trajectories those are", readCount, 0)
    .option("--exclude-ids <file>", "leave out these ids (repeatable)", collectValues)
    .option("--limit <n>", "use at most n trajectories", readPositive)
    .option("--workers <n>", "threads that read, 0 for none (default: by size and cores)", readCount)
    .option("--strict", "stop at the first record that cannot be used")
    .option("--max-errors <n>", "stop when more than n records cannot be used", readCount)
    .addOption(
      new Option("--compat <reference>", "write the very files of the reference").choices(["alpha-umi"]),
    )
    .option("--dry-run", "read and count, write nothing")
    .option("--json", "print the manifest as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (inputs: string[], options: SplitDataOptions, command: Command) => {
      if (options.compat !== undefined) return await splitAsReference(context, inputs, options, command);
      if (options.rows !== undefined && options.profile !== undefined) {
        throw new MllmError("usage", "--rows and --profile cannot go together", {
          hint: "A profile says what its rows are: give one of the two.",
        });
      }
      await split(context, inputs, options);
    });
}

async function split(context: Context, inputs: string[], options: SplitDataOptions): Promise<void> {
  const { splitDataset } = await import("../../data/split-dataset.js");
  const { readExcludedIds } = await import("../../data/exclude-ids.js");
  const { loadProfile } = await import("../../prompts/load-profile.js");
  const { followReading, formatSplit, writeSplitNotes } = await import("../split-view.js");
  const { inputPlace } = await import("../input-place.js");
  const profile = await loadProfile(options.profile ?? options.rows ?? "thread", context);
  const isDryRun = options.dryRun === true;
  const events = splitDataset({
    inputs,
    out: options.out,
    ...inputPlace(context),
    ...(options.format !== undefined && { format: options.format }),
    excludedIds: await readExcludedIds(options.excludeIds ?? [], context.cwd),
    limit: options.limit ?? null,
    validation: options.validation,
    seed: options.seed,
    isStrict: options.strict === true,
    maxErrors: options.maxErrors ?? null,
    isDryRun,
    workers: options.workers ?? null,
    createdBy: `mllm ${context.version}`,
    profile,
    signal: context.signal,
  });
  const { manifest } = await followReading(context, events);
  writeSplitNotes(context, manifest);
  const next = isDryRun
    ? "dry run: nothing was written"
    : `next: mllm train --stage 1 --recipe tiny --data ${quoteArgument(options.out)}`;
  writeResult(context, { json: options.json === true, value: manifest, text: formatSplit(manifest, next) });
}

const COMPAT_OPTIONS = new Set(["out", "profile", "compat", "workers", "json"]);

async function splitAsReference(
  context: Context,
  inputs: string[],
  options: SplitDataOptions,
  command: Command,
): Promise<void> {
  const others = Object.keys(options).filter(
    (name) => !COMPAT_OPTIONS.has(name) && command.getOptionValueSource(name) === "cli",
  );
  if (others.length > 0) {
    throw new MllmError("usage", `--compat does not go with: ${others.join(", ")}`, {
      hint: "The reference reads everything and splits nothing off.",
    });
  }
  if (options.profile === undefined) {
    throw new MllmError("usage", "--compat needs --profile FILE", {
      hint: "Give a JSON file with the reference's prompts: backbone, planner, caller and summarizer.",
    });
  }
  const { splitAlphaUmi } = await import("../../data/compat/split-alpha-umi.js");
  const { readCompatPrompts } = await import("../../data/compat/prompts-file.js");
  const { followReading, formatCompat } = await import("../split-view.js");
  const { inputPlace } = await import("../input-place.js");
  const prompts = await readCompatPrompts(options.profile, context.cwd);
  const events = splitAlphaUmi({
    inputs,
    out: options.out,
    ...inputPlace(context),
    prompts,
    workers: options.workers ?? null,
    signal: context.signal,
  });
  const { summary } = await followReading(context, events);
  writeResult(context, { json: options.json === true, value: summary, text: formatCompat(summary) });
  const failed = SUBSETS.filter((subset) => summary.subsets[subset].failure !== null);
  if (failed.length === 0) return;
  const failures = failed.map((subset) => `${subset}: ${summary.subsets[subset].failure}`);
  throw new MllmError(
    "bad_input",
    `not written, because the reference stops there:\n${failures.join("\n")}`,
    {
      hint: "The other files are complete. Without --compat such records do not stop anything.",
    },
  );
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
