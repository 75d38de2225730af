import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { MllmError } from "../../core/errors.js";
import { type Derivation, deriveDataset } from "../../data/derive-dataset.js";
import { type Dataset, openDataset } from "../../data/open-dataset.js";
import { splitDataset } from "../../data/split-dataset.js";
import { loadProfile } from "../../prompts/load-profile.js";
import type { DataKind } from "../../reproduction/plan-arms.js";
import type { Context } from "../context.js";
import { writeSampleWorld } from "./sample-world.js";

/** What an arm is evaluated on. */
export interface ArmTests {
  /** `[GROUP=]FILE` of held-out trajectories. */
  trajectories: string[];
  /** Tasks and the tools that they run with. */
  live: { tasks: string; tools: string } | null;
}

export interface SeedData {
  seed: number;
  datasets: Record<DataKind, Dataset>;
  tests: ArmTests;
}

export interface DataOptions {
  /** Of the recipe, and as many after it as are asked for. */
  seeds: readonly number[];
  /** Absolute: where the result goes. */
  out: string;
  trajectories: number;
  tests: number;
  data?: string;
  train?: string[];
  test?: string[];
  tasks?: string;
  tools?: string;
}

const DERIVATIONS = ["union", "half-1", "half-2"] as const satisfies readonly Derivation[];
const VALIDATION = 0.05;

/** The sample world, another one for each seed; or what the user brings, the same for all. */
export async function prepareData(context: Context, options: DataOptions): Promise<SeedData[]> {
  if (options.data !== undefined || options.train !== undefined) return await prepareOwn(context, options);
  const prepared: SeedData[] = [];
  for (const seed of options.seeds) {
    const folder = join(options.out, "data", `seed-${seed}`);
    const { trajectories, tests: count } = options;
    const files = await writeSampleWorld(context, { folder, seed, trajectories, tests: count });
    const all = await split(context, { inputs: [files.train], out: join(folder, "all"), seed });
    const { tests, tasks, tools } = files;
    const datasets = await derive(context, all, folder);
    prepared.push({ seed, datasets, tests: { trajectories: tests, live: { tasks, tools } } });
  }
  return prepared;
}

async function prepareOwn(context: Context, options: DataOptions): Promise<SeedData[]> {
  const { cwd } = context;
  const folder = join(options.out, "data");
  const all =
    options.data === undefined
      ? await split(context, { inputs: options.train ?? [], out: join(folder, "all"), seed: 0 })
      : await openDataset(resolve(cwd, options.data));
  await checkProfile(all);
  const datasets = await derive(context, all, folder);
  const { tasks, tools } = options;
  const live = tasks === undefined || tools === undefined ? null : { tasks, tools };
  return options.seeds.map((seed) => ({ seed, datasets, tests: { trajectories: options.test ?? [], live } }));
}

async function split(
  context: Context,
  { inputs, out, seed }: { inputs: string[]; out: string; seed: number },
): Promise<Dataset> {
  const { cwd, signal, version } = context;
  const events = splitDataset({
    ...{
      inputs,
      out,
      cwd,
      seed,
      signal,
      excludedIds: new Set<string>(),
      limit: null,
      validation: VALIDATION,
    },
    ...{ isStrict: false, maxErrors: null, isDryRun: false, workers: null, createdBy: `mllm ${version}` },
    profile: await loadProfile("thread", context),
  });
  for await (const _ of events);
  return await openDataset(out);
}

/** Those that were derived from these very rows are left as they are. */
async function derive(context: Context, all: Dataset, folder: string): Promise<Record<DataKind, Dataset>> {
  const datasets: Partial<Record<DataKind, Dataset>> = { all };
  for (const derivation of DERIVATIONS) {
    const out = join(folder, derivation);
    const known = await openDataset(out).catch(() => null);
    if (known?.manifest.options.derivedFrom !== all.manifest.hash) {
      await deriveDataset({ dataset: all, derivation, out, createdBy: `mllm ${context.version}` });
    }
    datasets[derivation] = await openDataset(out);
  }
  return datasets as Record<DataKind, Dataset>;
}

/** With a prompt of its own for each role, one model for all roles would be asked in words it was not trained with. */
async function checkProfile({ folder, manifest }: Dataset): Promise<void> {
  const { kind } = JSON.parse(await readFile(join(folder, manifest.profile.path), "utf8")) as {
    kind?: string;
  };
  if (kind === "thread") return;
  throw new MllmError(
    "bad_dataset",
    `${folder} has step-wise rows, which a single model cannot be asked by`,
    {
      hint: "Split the trajectories with the thread profile (the default of mllm split-data).",
    },
  );
}
