import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { explainSystemError } from "../../core/errors.js";
import type { Context } from "../context.js";

/** What `data/world` offers; it is plain JavaScript, as it lies in the package. */
interface World {
  createTrajectories(split: string, count: number, seed: number): Iterable<WorldTrajectory>;
}

interface WorldTrajectory {
  id: string;
  question: string;
  tools: string[];
  answer: string | null;
}

interface WorldFiles {
  train: string;
  /** Held-out trajectories, as `GROUP=FILE`. */
  tests: string[];
  /** The same as tasks that run. */
  tasks: string;
  tools: string;
}

/** Out of domain are questions about names that training never saw; the tools are the same. */
const GROUPS = [
  { split: "test_seen", group: "in domain" },
  { split: "test_unseen_values", group: "out of domain" },
];

interface WorldRequest {
  /** Absolute. */
  folder: string;
  seed: number;
  /** To train on. */
  trajectories: number;
  /** Held out, of each group. */
  tests: number;
}

/** Writes trajectories of the sample world: the same ones for the same seed. */
export async function writeSampleWorld(context: Context, request: WorldRequest): Promise<WorldFiles> {
  const { folder, seed } = request;
  const world = join(context.packageRoot, "data", "world");
  const load = (name: string) => import(pathToFileURL(join(world, name)).href);
  const { createTrajectories } = (await load("trajectories.mjs")) as World;
  const { toToolBenchRecord } = (await load("toolbench-record.mjs")) as {
    toToolBenchRecord(trajectory: WorldTrajectory): unknown;
  };
  // Questions of another seed may bear the same number.
  const create = (split: string, count: number): WorldTrajectory[] =>
    Array.from(createTrajectories(split, count, seed), (each) => ({ ...each, id: `s${seed}-${each.id}` }));
  const write = async (name: string, values: unknown[]): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, values.map((value) => `${JSON.stringify(value)}\n`).join(""));
    return path;
  };
  try {
    await mkdir(folder, { recursive: true });
    const train = await write("train.jsonl", create("train", request.trajectories).map(toToolBenchRecord));
    const held = GROUPS.map(({ split, group }) => ({ split, group, all: create(split, request.tests) }));
    const tests = held.map(async ({ split, group, all }) => {
      return `${group}=${await write(`${split}.jsonl`, all.map(toToolBenchRecord))}`;
    });
    const tasks = held.flatMap(({ group, all }) =>
      all.map(({ id, question, tools, answer }) => ({ id, group, question, tools, expected: answer })),
    );
    return {
      ...{ train, tests: await Promise.all(tests), tasks: await write("tasks.jsonl", tasks) },
      tools: join(world, "tools.mjs"),
    };
  } catch (error) {
    throw explainSystemError(error, folder);
  }
}
