import { resolve } from "node:path";
import { MllmError } from "../core/errors.js";
import { createEvaluation } from "../evaluation/create-evaluation.js";
import { checkEvaluationFolder } from "../evaluation/evaluation-folder.js";
import type { ResultCache } from "../evaluation/result-cache.js";
import { toReferenceCase } from "../evaluation/static/compat/reference-text.js";
import { scoreAsReference } from "../evaluation/static/compat/score-as-reference.js";
import { evaluateStatic } from "../evaluation/static/evaluate-static.js";
import { samplesOf } from "../evaluation/static/step-sample.js";
import type { State } from "../state/open-state.js";
import type { TrioOptions } from "./agent-options.js";
import type { Context } from "./context.js";
import { type Scored, scorePredictions } from "./eval-predictions.js";
import { followEvaluation } from "./eval-progress.js";
import { showStatic } from "./eval-static-view.js";
import { evaluationFolder, saveEvaluation } from "./evaluation-store.js";
import { openEvaluatedAgent } from "./open-evaluated-agent.js";
import { writeNote } from "./output.js";
import { readEvaluationData } from "./read-evaluation-data.js";
import { openWorkspace } from "./workspace.js";

export interface EvalStaticOptions extends TrioOptions {
  data?: string[];
  maxNewTokens: number;
  freeCalls?: true;
  concurrency: number;
  predictions?: string;
  compat?: "alpha-umi";
  out?: string;
  json?: true;
}

interface EvalStaticRequest {
  options: EvalStaticOptions;
  /** Tests bring roles of their own. */
  open?: typeof openEvaluatedAgent;
}

/** Scores an agent, or what was predicted elsewhere; writes the evaluation and shows it. */
export async function evalStatic(
  context: Context,
  { options, open = openEvaluatedAgent }: EvalStaticRequest,
): Promise<void> {
  const { predictions, data, out } = options;
  if (out !== undefined) await checkEvaluationFolder(resolve(context.cwd, out));
  const workspace = await openWorkspace(context);
  try {
    const state = workspace.state as State;
    const { items, cases, ...who } =
      predictions === undefined
        ? await evaluateAgent({ context, options, open, cache: state.results })
        : await scorePredictions(context, { predictions, ...(data !== undefined && { data }) });
    const evaluation = createEvaluation({
      ...{ kind: "static", ...who, items },
      compat: scoreAsReference(cases),
    });
    const folder = evaluationFolder(context, { id: evaluation.id, ...(out !== undefined && { out }) });
    await saveEvaluation(context, state, { evaluation, items, folder });
    showStatic(context, { evaluation, folder }, { options, state });
  } finally {
    workspace.close();
  }
}

interface Evaluating extends Required<EvalStaticRequest> {
  context: Context;
  cache: ResultCache;
}

async function evaluateAgent({ context, options, open, cache }: Evaluating): Promise<Scored> {
  const { maxNewTokens, concurrency, data: texts = [] } = options;
  const { data, trajectories, warnings } = await readEvaluationData(texts, context.cwd);
  for (const warning of warnings) writeNote(context, `note: ${warning}`);
  const samples = trajectories.flatMap(({ trajectory, group }) => samplesOf(trajectory, group));
  if (samples.length === 0) throw nothingToPredict(texts);
  const note = (text: string) => writeNote(context, text);
  const endpoints = options.roleEndpoint ?? {};
  const { model, subject, weights, close } = await open(context, { ...options, endpoints, note });
  try {
    const freeCalls = options.freeCalls === true;
    const { signal } = context;
    const work = { samples, model, weights, cache, freeCalls, concurrency, maxNewTokens, signal };
    const events = evaluateStatic({ ...work, now: () => context.now() });
    const items = await followEvaluation(context, events, "steps");
    const cases = samples.flatMap((sample, index) => {
      const [predicted] = items[index]?.prediction ?? [];
      return predicted === undefined ? [] : [toReferenceCase(sample, predicted)];
    });
    return { subject, data, settings: { maxNewTokens, freeCalls }, items, cases };
  } finally {
    await close();
  }
}

function nothingToPredict(texts: readonly string[]): MllmError {
  return new MllmError("bad_input", `${texts.join(", ")}: there is no step to predict`, {
    hint: "Recorded steps of the agent are predicted: calls, answers, giving up.",
  });
}
