import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";
import { MllmError } from "../../core/errors.js";
import { sha256 } from "../../core/ids.js";
import { readItems } from "../../evaluation/evaluation-folder.js";
import { type Attempt, attemptOfSteps, type Tried } from "../../evaluation/live/attempt.js";
import type { LiveTask } from "../../evaluation/live/live-task.js";
import { type Converted, readConverted } from "../../evaluation/live/stabletoolbench/read-converted.js";
import type { State } from "../../state/state.js";
import { readTrajectories } from "../agent/read-trajectories.js";
import type { Context } from "../context.js";
import { readJsonFile } from "./read-live-tasks.js";
import { findStoredEvaluation } from "./stored-evaluations.js";

/** What somebody did about tasks, read from files. */
interface RecordedAttempts {
  /** A file's or an evaluation's. */
  name: string;
  sha256: string;
  attempts: Converted[];
  /** They are examples, and no other agent's under test. */
  isRecorded: boolean;
}

/** ToolEval's converted answers, a file or a folder of them; or trajectories in any format that is known. */
export async function readRecordedAttempts(path: string, cwd: string): Promise<RecordedAttempts> {
  const attempts = (await readConvertedFiles(path, cwd)) ?? (await readRecorded(path, cwd));
  const name = basename(resolve(cwd, path));
  return { name, sha256: sha256(attempts), attempts, isRecorded: true };
}

/** The same, or another live evaluation, by its id, the beginning of it, or its folder. */
export async function readReference(
  context: Context,
  state: State,
  text: string,
): Promise<Omit<RecordedAttempts, "attempts"> & { attempts: Map<string, Attempt> }> {
  const path = resolve(context.cwd, text);
  if (existsSync(path) && !existsSync(join(path, "evaluation.json"))) {
    const { attempts, ...recorded } = await readRecordedAttempts(text, context.cwd);
    return { ...recorded, attempts: new Map(attempts.map(({ task, tried }) => [task.id, tried.attempt])) };
  }
  const { folder, evaluation } = await findStoredEvaluation(context, state, text);
  if (evaluation.kind !== "live") {
    throw new MllmError("bad_input", `${evaluation.id} is no live evaluation`, {
      hint: "mllm eval list shows the live ones; a reference may also be a file of answers.",
    });
  }
  const tried = (await readItems(folder)).filter(({ notes }) => !notes.includes("no_attempt"));
  const attempts = new Map(
    tried.map(({ id, prediction, scores }) => [
      id,
      attemptOfSteps(prediction, scores.completion_tokens ?? null),
    ]),
  );
  return { name: evaluation.id, sha256: sha256([...attempts]), attempts, isRecorded: false };
}

/** Null where it is nothing of this kind. */
async function readConvertedFiles(path: string, cwd: string): Promise<Converted[] | null> {
  const absolute = resolve(cwd, path);
  const isFolder = existsSync(absolute) && (await stat(absolute)).isDirectory();
  const names = isFolder ? (await readdir(absolute)).filter((name) => name.endsWith(".json")).sort() : [];
  const files = isFolder ? names.map((name) => join(path, name)) : [path];
  const all: Converted[] = [];
  for (const file of files) {
    const converted = readConverted(await readJsonFile(file, cwd), basename(file, extname(file)));
    if (converted === null) return null;
    all.push(...converted);
  }
  return all.length === 0 ? null : all;
}

async function readRecorded(
  path: string,
  cwd: string,
): Promise<{ task: LiveTask; tried: Tried & { attempt: Attempt } }[]> {
  return (await readTrajectories(path, cwd)).map(({ id, instruction, tools, steps }) => ({
    task: { id, instruction, tools: tools.map(({ name }) => name), group: null },
    tried: { tools, attempt: attemptOfSteps(steps) },
  }));
}
