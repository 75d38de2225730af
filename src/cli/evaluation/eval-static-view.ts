import { MllmError } from "../../core/errors.js";
import type { CompatScores, StoredEvaluation } from "../../evaluation/evaluation.js";
import type { State } from "../../state/state.js";
import type { Context } from "../context.js";
import { formatTable, writeNote, writeResult } from "../output.js";
import { formatEvaluation } from "./eval-view.js";
import { adviseNext } from "./find-compared-evaluations.js";

/** Prints what was asked for: the reference's numbers, the document, or tables and what to do next. */
export async function showStatic(
  context: Context,
  { evaluation, folder }: StoredEvaluation,
  { options, state }: { options: { json?: true; compat?: "alpha-umi" }; state: State },
): Promise<void> {
  const json = options.json === true;
  if (options.compat !== undefined && evaluation.compat !== null) {
    const scores = demandScores(evaluation.compat);
    const text = formatTable(["alpha-umi", "value"], Object.entries(scores));
    writeResult(context, { json, value: scores, text });
    return;
  }
  const text = `${formatEvaluation(evaluation)}\n\nfiles: ${folder}`;
  writeResult(context, { json, value: { ...evaluation, folder }, text });
  if (!json) writeNote(context, `next: ${await adviseNext(state, evaluation)}`);
}

function demandScores(compat: CompatScores): Exclude<CompatScores, { error: string }> {
  if (!("error" in compat)) return compat;
  throw new MllmError("bad_input", `alpha-umi's evaluation ends with ${compat.error} here`, {
    hint: "Leave out --compat: the metrics of mllm are defined for these predictions too.",
  });
}
