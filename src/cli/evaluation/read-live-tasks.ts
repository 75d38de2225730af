import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";
import type { ApiEntry } from "../../agent/tools/virtual-tools.js";
import { explainSystemError, MllmError } from "../../core/errors.js";
import { sha256 } from "../../core/ids.js";
import type { LiveTask } from "../../evaluation/live/live-task.js";
import { readQueries } from "../../evaluation/live/stabletoolbench/read-queries.js";
import { readQuestions } from "../agent/run-questions.js";
import { parseInput } from "./read-evaluation-data.js";

/** The tasks of `--tasks [GROUP=]FILE…`. */
interface LiveTasks {
  /** What the same tasks always are, wherever they lie. */
  data: { name: string; sha256: string };
  tasks: LiveTask[];
  /** What ToolBench's queries may call; empty for tasks of other kinds. */
  apis: ApiEntry[];
}

interface Wanted {
  cwd: string;
  /** A file of ids, or a folder with one for each file of tasks, by its name; all tasks where there is none. */
  ids?: string | undefined;
}

/** JSON lines as `mllm run --questions` takes them, or StableToolBench's files of queries. */
export async function readLiveTasks(texts: readonly string[], { cwd, ids }: Wanted): Promise<LiveTasks> {
  const found: Pick<LiveTasks, "tasks" | "apis"> = { tasks: [], apis: [] };
  const names: string[] = [];
  for (const text of texts) {
    const { path, group } = parseInput(text, cwd);
    names.push((group === null ? "" : `${group}=`) + basename(path));
    const stem = basename(path, extname(path));
    const { tasks, apis } = await readFileOfTasks(
      { path, group: group ?? stem, isNamed: group !== null },
      cwd,
    );
    const wanted = ids === undefined ? null : await readIds({ ids, stem, cwd });
    found.tasks.push(...tasks.filter(({ id }) => wanted?.has(bareId(id)) ?? true));
    found.apis.push(...apis);
  }
  if (found.tasks.length === 0) {
    throw new MllmError("bad_input", `${texts.join(", ")}: none of these tasks is in ${ids}`, {
      hint: "Expected ids of these tasks; StableToolBench's files of ids are named like its files of tasks.",
    });
  }
  return { ...found, data: { name: names.join(", "), sha256: sha256(found.tasks) } };
}

async function readFileOfTasks(
  { path, group, isNamed }: { path: string; group: string; isNamed: boolean },
  cwd: string,
): Promise<Pick<LiveTasks, "tasks" | "apis">> {
  const queries = readQueries(await readJsonFile(path, cwd), group);
  if (queries !== null) return queries;
  const tasks = await readQuestions(path, cwd);
  return { tasks: isNamed ? tasks.map((task) => ({ ...task, group })) : tasks, apis: [] };
}

/** Null where it is no JSON, JSON lines for example. */
export async function readJsonFile(path: string, cwd: string): Promise<unknown> {
  const text = await readFile(resolve(cwd, path), "utf8").catch((error: unknown) => {
    throw explainSystemError(error, path);
  });
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Files of ids have the number alone. */
const bareId = (id: string): string => id.replace(/^G\d:/, "");

/** StableToolBench's files are objects whose keys are the ids. */
async function readIds({ ids, stem, cwd }: { ids: string; stem: string; cwd: string }): Promise<Set<string>> {
  const absolute = resolve(cwd, ids);
  const isFolder = existsSync(absolute) && (await stat(absolute)).isDirectory();
  const path = isFolder ? join(ids, `${stem}.json`) : ids;
  const value = await readJsonFile(path, cwd);
  if (Array.isArray(value)) return new Set(value.map((id) => bareId(String(id))));
  if (typeof value === "object" && value !== null) return new Set(Object.keys(value).map(bareId));
  throw new MllmError("bad_input", `${path} is no file of ids`, {
    hint: "Expected a JSON list of ids, or an object whose keys they are, as StableToolBench's test_query_ids.",
  });
}
