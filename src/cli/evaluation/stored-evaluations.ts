import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { MllmError } from "../../core/errors.js";
import type { Evaluation, StoredEvaluation } from "../../evaluation/evaluation.js";
import { readEvaluation, writeEvaluation } from "../../evaluation/evaluation-folder.js";
import type { Item } from "../../evaluation/item.js";
import { METRICS } from "../../evaluation/metrics.js";
import type { State } from "../../state/state.js";
import type { Context } from "../context.js";
import { resolveWorkspace } from "../workspace.js";

/** Where an evaluation lies: `--out`, or a folder of its id's name among the state's. Absolute. */
export function evaluationFolder(context: Context, { id, out }: { id: string; out?: string }): string {
  return out === undefined
    ? join(resolveWorkspace(context).stateFolder, "evaluations", id)
    : resolve(context.cwd, out);
}

interface Finished {
  evaluation: Evaluation;
  items: readonly Item[];
  folder: string;
}

/** Writes its folder, then lets `mllm eval list` know. */
export async function saveEvaluation(context: Context, state: State, finished: Finished): Promise<void> {
  const { evaluation, items, folder } = finished;
  await writeEvaluation(folder, evaluation, items);
  const { id, kind, subject, data, summary } = evaluation;
  const headlines = METRICS.filter((metric) => metric.kind === kind && metric.isHeadline);
  state.saveEvaluation({
    ...{ id, kind, folder },
    subject: subject.name,
    checkpoints: subject.checkpoints,
    dataName: data.name,
    dataSha256: data.sha256,
    items: summary.items,
    metrics: summary.metrics.filter(({ name }) => headlines.some((metric) => metric.name === name)),
    createdAt: context.now().toISOString(),
  });
}

/** By its folder, or by its id or a beginning of it that only one has. `state` is null where there is none. */
export async function findStoredEvaluation(
  { cwd }: Context,
  state: State | null,
  text: string,
): Promise<StoredEvaluation> {
  const folder = resolve(cwd, text);
  if (existsSync(join(folder, "evaluation.json"))) return await readEvaluation(folder);
  if (state !== null) return await readEvaluation(state.findEvaluation(text).folder);
  throw new MllmError("not_found", `no evaluation has the id ${text}: nothing was evaluated here yet`, {
    hint: "`mllm eval static` makes the first; MLLM_DIR names another state folder.",
  });
}
