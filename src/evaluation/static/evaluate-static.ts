import { withFreeCalls } from "../../agent/free-calls.js";
import type { AgentModel } from "../../agent/role-model.js";
import type { Role } from "../../core/roles.js";
import type { EvaluationEvent } from "../evaluation.js";
import { inParallel } from "../in-parallel.js";
import type { Item } from "../item.js";
import { rememberCompletions } from "../remember-completions.js";
import type { ResultCache } from "../result-cache.js";
import { type PredictOptions, predictStep } from "./predict-step.js";
import { scoreStep } from "./score-step.js";
import type { StepSample } from "./step-sample.js";

interface StaticRequest extends PredictOptions {
  samples: readonly StepSample[];
  /** As rememberCompletions takes them. */
  weights: Record<Role, string>;
  cache: ResultCache;
  /** The caller is bound by no grammar. */
  freeCalls: boolean;
  /** How many steps at once: servers that batch are quicker with many. */
  concurrency: number;
}

/**
 * Lets an agent take every recorded step by itself, and scores it. What was asked before is not asked again, so an
 * interrupted evaluation goes on. Throws what a backend throws, and `interrupted`.
 */
export async function* evaluateStatic(request: StaticRequest): AsyncGenerator<EvaluationEvent, Item[]> {
  const { samples, concurrency } = request;
  const items = new Map<number, Item>();
  for await (const { index, result } of inParallel(samples, concurrency, (sample) => take(sample, request))) {
    items.set(index, result.item);
    yield { type: "item", done: items.size, total: samples.length, isCached: result.isCached };
  }
  return samples.map((_, index) => items.get(index) as Item);
}

async function take(sample: StepSample, request: StaticRequest): Promise<{ item: Item; isCached: boolean }> {
  let isCached = true;
  const onAsked = () => {
    isCached = false;
  };
  const remembered = rememberCompletions(request.model, { ...request, onAsked });
  const model: AgentModel = request.freeCalls ? withFreeCalls(remembered) : remembered;
  const { step, notes } = await predictStep(sample, { ...request, model });
  const item = scoreStep(sample, step);
  return { item: { ...item, notes: [...item.notes, ...notes] }, isCached };
}
