import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { explainSystemError, MllmError } from "../../core/errors.js";
import { plural } from "../../core/plural.js";
import { describeDataset } from "../../data/describe/describe-dataset.js";
import { describeInputs } from "../../data/describe/describe-inputs.js";
import { isDatasetFolder } from "../../data/describe/is-dataset-folder.js";
import { renderStatsPage } from "../../data/describe/stats-page.js";
import { type Statistics, summarizeFacts } from "../../data/describe/summarize-facts.js";
import { loadProfile } from "../../prompts/load-profile.js";
import type { Context } from "../context.js";
import { widthOf } from "../fit-text.js";
import { writeNote, writeResult } from "../output.js";
import { formatBytes } from "../training/plan-view.js";
import { chooseTokenizer } from "./data-measure.js";
import { type ReadingOptions, readReading } from "./data-reading-options.js";
import { formatStats } from "./data-stats-view.js";
import { inputPlace } from "./input-place.js";
import { followReading } from "./split-view.js";

interface Described {
  statistics: Statistics;
  subjects: string[];
  /** What was described, in JSON. */
  about: object;
}

export async function showStats(context: Context, paths: string[], options: StatsOptions): Promise<void> {
  const { folder, note } = await chooseTokenizer(context, options);
  if (note !== null) writeNote(context, `note: ${note}`);
  const [first = ""] = paths;
  const isDataset = await isOneDataset(context, paths);
  const { statistics, subjects, about } = isDataset
    ? await describeFolder(context, first, { ...options, folder })
    : await describePaths(context, paths, { ...options, folder });
  const page = options.html === undefined ? null : resolve(context.cwd, options.html);
  if (page !== null) {
    const title = paths.length === 1 ? first : `${first} and ${paths.length - 1} more`;
    await writePage(page, renderStatsPage({ title, subjects, statistics, version: context.version }));
  }
  writeResult(context, {
    json: options.json === true,
    value: { ...about, ...statistics, page },
    text: formatStats({ statistics, subjects, mostTools: options.tools, columns: widthOf(context) }),
  });
  if (page !== null && options.json !== true) writeNote(context, `${page}: open it in a browser`);
}

async function isOneDataset({ cwd }: Context, paths: readonly string[]): Promise<boolean> {
  for (const path of paths) {
    if (!(await isDatasetFolder(resolve(cwd, path)))) continue;
    if (paths.length === 1) return true;
    throw new MllmError("usage", `${path} is a data set: it is described alone`, {
      hint: "Run the command once for each.",
    });
  }
  return false;
}

type Options = StatsOptions & { folder: string | null };

async function describePaths(context: Context, paths: string[], options: Options): Promise<Described> {
  const { folder, examples } = options;
  const { profile } = await loadProfile(options.profile, context);
  const { format, readers } = await readReading(options);
  const events = describeInputs({
    ...inputPlace(context),
    ...{ inputs: paths, format, readers, profile, mostExamples: examples, maxErrors: null },
    measure: { tokenizerFolder: folder, isWhole: options.all === true },
    workers: options.workers ?? null,
    signal: context.signal,
  });
  const { description } = await followReading(context, events);
  const { facts, oneIn, inputs } = description;
  return {
    statistics: summarizeFacts(facts, measured(folder, oneIn)),
    about: { inputs, dataset: null },
    subjects: inputs.map(({ path, files, sizeBytes, format: told, records }) => {
      const size = sizeBytes === null ? "" : `, ${formatBytes(sizeBytes)}`;
      const many = files === 1 ? "" : `, ${files} files`;
      return `${path}: ${told ?? "no known format"}, ${plural(records, "record", records.toLocaleString("en-US"))}${many}${size}`;
    }),
  };
}

async function describeFolder(context: Context, path: string, options: Options): Promise<Described> {
  const { folder, examples, all } = options;
  const events = describeDataset({
    folder: resolve(context.cwd, path),
    measure: { tokenizerFolder: folder, isWhole: all === true },
    mostExamples: examples,
    signal: context.signal,
  });
  const { description } = await followReading(context, events);
  const { manifest, facts, oneIn } = description;
  const sides = Object.entries(manifest.trajectories).map(([side, count]) => `${side} ${count}`);
  return {
    statistics: summarizeFacts(facts, measured(folder, oneIn)),
    about: { inputs: [], dataset: { folder: resolve(context.cwd, path), hash: manifest.hash } },
    subjects: [`${path}: a data set of ${manifest.profile.name} rows; trajectories: ${sides.join(", ")}`],
  };
}

function measured(tokenizer: string | null, oneIn: number) {
  return { unit: tokenizer === null ? "characters" : "tokens", tokenizer, oneIn } as const;
}

async function writePage(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  } catch (error) {
    throw explainSystemError(error, path);
  }
}

export interface StatsOptions extends ReadingOptions {
  recipe: string;
  tokenizer?: string;
  profile: string;
  all?: true;
  tools: number;
  examples: number;
  workers?: number;
  html?: string;
  json?: true;
}
