import { Command, InvalidArgumentError, Option } from "commander";
import type { DatasetManifest } from "../../core/dataset-manifest.js";
import { MllmError } from "../../core/errors.js";
import { SUBSETS } from "../../core/roles.js";
import type { SplitEvent } from "../../data/split-dataset.js";
import type { Context } from "../context.js";
import { formatTable, writeNote, writeResult } from "../output.js";

// Written out so that `--help` loads no reader; a test compares it with the readers.
export const FORMAT_CHOICES = ["toolbench", "toolllama", "alpha-umi-1", "alpha-umi-2", "openai"] as const;

interface SplitDataOptions {
  out: string;
  format?: (typeof FORMAT_CHOICES)[number];
  profile?: string;
  rows?: "thread" | "step";
  validation: number;
  seed: number;
  excludeIds: string[];
  limit?: number;
  strict?: boolean;
  maxErrors?: number;
  dryRun?: boolean;
  json?: boolean;
}

/** `mllm split-data`: trajectories in, one file of examples per subset out. */
export function createSplitDataCommand(context: Context): Command {
  return new Command("split-data")
    .description("Split trajectories into the subsets of backbone, planner, caller and summarizer")
    .argument("<input...>", "JSON array, JSON lines, or a folder of JSON files; also .gz")
    .requiredOption("--out <dir>", "folder of the data set; a data set in it is replaced")
    .addOption(
      new Option("--format <format>", "format of the records (default: detected)").choices(FORMAT_CHOICES),
    )
    .option("--profile <name|file>", "prompt profile (default: thread)")
    .addOption(new Option("--rows <rows>", "one row a trajectory, or one a step").choices(["thread", "step"]))
    .option("--validation <share>", "share of the trajectories kept for validation", readShare, 0.02)
    .option("--seed <number>", "decides which trajectories those are", readCount, 0)
    .option("--exclude-ids <file>", "leave out these ids (repeatable)", collect, [])
    .option("--limit <n>", "use at most n trajectories", readPositive)
    .option("--strict", "stop at the first record that cannot be used")
    .option("--max-errors <n>", "stop when more than n records cannot be used", readCount)
    .option("--dry-run", "read and count, write nothing")
    .option("--json", "print the manifest as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (inputs: string[], options: SplitDataOptions) => {
      if (options.rows !== undefined && options.profile !== undefined) {
        throw new MllmError(
          "usage",
          "--rows and --profile cannot go together: a profile says what its rows are",
        );
      }
      const manifest = await splitData(context, inputs, options);
      writeWarnings(context, manifest);
      writeResult(context, {
        json: options.json === true,
        value: manifest,
        text: describe(manifest, options),
      });
    });
}

const EXAMPLES = `
Examples:
  mllm split-data data/trajectories.jsonl --out out/data
  mllm split-data toolbench/answer --exclude-ids test_query_ids/G1_tool.json --out out/data
  mllm split-data chats.jsonl --rows step --validation 0.05 --out out/steps`;

async function splitData(
  context: Context,
  inputs: string[],
  options: SplitDataOptions,
): Promise<DatasetManifest> {
  const { splitDataset } = await import("../../data/split-dataset.js");
  const { readExcludedIds } = await import("../../data/exclude-ids.js");
  const { loadProfile } = await import("../../prompts/load-profile.js");
  const { createRenderer } = await import("../../prompts/renderer.js");
  const { resolve } = await import("node:path");
  const profile = await loadProfile(options.profile ?? options.rows ?? "thread", context);
  const excluded = await Promise.all(
    options.excludeIds.map((path) => readExcludedIds(resolve(context.cwd, path), path)),
  );
  const events = splitDataset({
    inputs,
    out: options.out,
    cwd: context.cwd,
    ...(options.format !== undefined && { format: options.format }),
    excludedIds: new Set(excluded.flatMap((ids) => [...ids])),
    limit: options.limit ?? null,
    validation: options.validation,
    seed: options.seed,
    isStrict: options.strict === true,
    maxErrors: options.maxErrors ?? null,
    isDryRun: options.dryRun === true,
    createdBy: `mllm ${context.version}`,
    profile: { value: profile.profile, name: profile.profile.name, sha256: profile.sha256 },
    renderExamples: createRenderer(profile.profile).examples,
    signal: context.signal,
  });
  return await follow(context, events);
}

async function follow(context: Context, events: AsyncGenerator<SplitEvent>): Promise<DatasetManifest> {
  const spinner = context.isTerminal.stderr ? (await import("ora")).default("reading").start() : null;
  try {
    for await (const event of events) {
      if (event.type === "done") return event.manifest;
      const percent = Math.floor((100 * event.bytesRead) / Math.max(1, event.bytesTotal));
      if (spinner !== null)
        spinner.text = `reading: ${percent} %, ${event.used} of ${event.records} records used`;
    }
    throw new Error("splitting ended without a manifest");
  } finally {
    spinner?.stop();
  }
}

function writeWarnings(context: Context, { records, warnings }: DatasetManifest): void {
  const rejected = Object.entries(records.rejected);
  if (rejected.length > 0) {
    const total = rejected.reduce((sum, [, count]) => sum + count, 0);
    const reasons = rejected.map(([reason, count]) => `${reason} ${count}`).join(", ");
    writeNote(context, `rejected ${total} of ${records.read} records (${reasons}); see rejected.jsonl`);
  }
  for (const warning of warnings) writeNote(context, `note: ${warning}`);
}

function describe(manifest: DatasetManifest, options: SplitDataOptions): string {
  const rows = SUBSETS.map((subset) => {
    const { train, validation, leftOut } = manifest.subsets[subset];
    const out = Object.entries(leftOut).map(([reason, count]) => `${reason} ${count}`);
    return [subset, train.rows, validation?.rows ?? 0, train.trainedSegments, out.join(", ") || null];
  });
  const { records, trajectories } = manifest;
  const counts = `${records.used} of ${records.read} records used: ${trajectories.train} to train on, ${trajectories.validation} for validation`;
  const table = formatTable(["subset", "rows", "validation", "trained turns", "left out"], rows);
  const next =
    options.dryRun === true
      ? "dry run: nothing was written"
      : `next: mllm train --stage 1 --recipe tiny --data ${options.out}`;
  return `${counts}\n\n${table}\n\n${next}`;
}

function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
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
