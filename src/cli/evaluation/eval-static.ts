import { resolve } from "node:path";
import { MllmError } from "../../core/errors.js";
import { createEvaluation } from "../../evaluation/create-evaluation.js";
import { checkEvaluationFolder } from "../../evaluation/evaluation-folder.js";
import type { ResultCache } from "../../evaluation/result-cache.js";
import { toReferenceCase } from "../../evaluation/static/compat/reference-text.js";
import { scoreAsReference } from "../../evaluation/static/compat/score-as-reference.js";
import { evaluateStatic } from "../../evaluation/static/evaluate-static.js";
import { samplesOf } from "../../evaluation/static/step-sample.js";
import type { TrioOptions } from "../agent/agent-options.js";
import type { Context } from "../context.js";
import { writeNote } from "../output.js";
import { openWorkspace } from "../workspace.js";
import { type Scored, scorePredictions } from "./eval-predictions.js";
import { followEvaluation } from "./eval-progress.js";
import { showStatic } from "./eval-static-view.js";
import { type EvaluatedAgent, openEvaluatedAgent } from "./open-evaluated-agent.js";
import { readEvaluationData } from "./read-evaluation-data.js";
import { evaluationFolder, saveEvaluation } from "./stored-evaluations.js";

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
  // Before a state folder is made: where nothing was trained, this says so.
  const agent = predictions === undefined ? await openAgent(context, { options, open }) : null;
  const workspace = await openWorkspace(context);
  try {
    const { state } = workspace;
    const { items, cases, ...who } =
      agent === null
        ? await scorePredictions(context, { predictions: predictions ?? "", ...(data && { data }) })
        : await evaluateAgent({ context, options, agent, cache: state.results });
    const compat = scoreAsReference(cases);
    const evaluation = createEvaluation({ kind: "static", ...who, items, compat });
    const folder = evaluationFolder(context, { id: evaluation.id, ...(out !== undefined && { out }) });
    await saveEvaluation(context, state, { evaluation, items, folder });
    await showStatic(context, { evaluation, folder }, { options, state });
  } finally {
    workspace.close();
    await agent?.close();
  }
}

function openAgent(
  context: Context,
  { options, open }: Required<EvalStaticRequest>,
): Promise<EvaluatedAgent> {
  const note = (text: string) => writeNote(context, text);
  return open(context, { ...options, endpoints: options.roleEndpoint ?? {}, note });
}

interface Evaluating {
  context: Context;
  options: EvalStaticOptions;
  agent: EvaluatedAgent;
  cache: ResultCache;
}

async function evaluateAgent({ context, options, agent, cache }: Evaluating): Promise<Scored> {
  const { maxNewTokens, concurrency, data: texts = [] } = options;
  const { data, trajectories, warnings } = await readEvaluationData(texts, context.cwd);
  for (const warning of warnings) writeNote(context, `note: ${warning}`);
  const samples = trajectories.flatMap(({ trajectory, group }) => samplesOf(trajectory, group));
  if (samples.length === 0) throw nothingToPredict(texts);
  const { model, weights, subject } = agent;
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
}

function nothingToPredict(texts: readonly string[]): MllmError {
  return new MllmError("bad_input", `${texts.join(", ")}: there is no step to predict`, {
    hint: "Recorded steps of the agent are predicted: calls, answers, giving up.",
  });
}
