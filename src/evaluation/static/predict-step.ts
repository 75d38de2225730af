import type { SpokenStep } from "../../agent/loop/take-turn.js";
import type { AgentModel } from "../../agent/role-model.js";
import { speakOnce } from "../../agent/solve-task.js";
import { MllmError } from "../../core/errors.js";
import type { StepSample } from "./step-sample.js";

export interface PredictOptions {
  model: AgentModel;
  /** Of one text. */
  maxNewTokens: number;
  signal: AbortSignal;
  now(): Date;
}

interface Predicted {
  step: SpokenStep;
  /** What had to be made of texts or prompts that do not fit, in snake_case. */
  notes: string[];
}

/**
 * What the agent does at a recorded step: it sees what was recorded before, its caller or summarizer its own plan.
 * Texts that cannot be read, and prompts that no role has room for, are predictions too. Throws what a backend throws.
 */
export async function predictStep(sample: StepSample, options: PredictOptions): Promise<Predicted> {
  const { model, maxNewTokens, signal, now } = options;
  const tools = sample.tools.map((tool) => ({
    ...tool,
    ...{ source: "recorded", isRepeatable: true, isDestructive: false },
  }));
  const speaking = speakOnce(
    { instruction: sample.instruction, steps: sample.stepsBefore },
    {
      ...{ model, signal, now, toolBox: { tools }, temperature: 0, seed: 0 },
      limits: { maxTurns: 1, maxCalls: 1, maxTokens: Infinity, maxSeconds: Infinity, maxNewTokens },
    },
  );
  const notes: string[] = [];
  try {
    for (;;) {
      const next = await speaking.next();
      if (next.done === true) return { step: next.value, notes: [...notes, ...silenceOf(next.value)] };
      if (next.value.type === "warned" && next.value.note !== undefined) notes.push(next.value.note);
    }
  } catch (error) {
    if (!(error instanceof MllmError) || error.code !== "bad_input") throw error;
    const step: SpokenStep = { kind: "give_up", thought: "", untrained: "prompt_too_long" };
    return { step, notes: [...notes, ...silenceOf(step)] };
  }
}

/** Why a role said nothing: no decision of the planner's to give up. */
function silenceOf(step: SpokenStep): string[] {
  return step.kind === "give_up" && step.untrained !== undefined ? [step.untrained] : [];
}
