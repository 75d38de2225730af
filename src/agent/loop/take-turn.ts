import type { Step } from "../../core/trajectory.js";
import type { AgentEvent } from "../agent-event.js";
import type { ToolBox } from "../tool-box.js";
import { failure } from "../tools/describe-result.js";
import { planStep } from "./plan-step.js";
import type { Session } from "./session.js";
import { writeAnswer } from "./write-answer.js";
import { writeCall } from "./write-call.js";

export type SpokenStep = Exclude<Step, { kind: "user" }>;

/** Where the tools run; null where the step is to be handed out before its call is run. */
type RunTools = Pick<ToolBox, "call"> | null;

/** One planner turn and what follows from it. */
export async function* takeTurn(
  session: Session,
  steps: readonly Step[],
  tools: RunTools,
): AsyncGenerator<AgentEvent, SpokenStep> {
  const plan = yield* planStep(session, steps);
  if (plan === null) return yield* giveUp(session, { thought: "", untrained: "empty_plan" });
  const { thought, decision } = plan;
  yield { type: "planned", ...session.at, thought, decision };
  if (decision === "giveUp") return yield* giveUp(session, { thought });
  if (decision === "call") return yield* call(session, { steps, thought }, tools);
  const answer = yield* writeAnswer(session, { steps, thought });
  if (answer === null) return yield* giveUp(session, { thought, untrained: "empty_answer" });
  yield { type: "answered", ...session.at, text: answer };
  return { kind: "answer", thought, answer };
}

const REASONS: Record<string, string> = {
  empty_plan: "the planner wrote nothing",
  empty_answer: "the summarizer wrote nothing",
};

async function* giveUp(
  session: Session,
  how: { thought: string; untrained?: "empty_plan" | "empty_answer" },
): AsyncGenerator<AgentEvent, SpokenStep> {
  const step: SpokenStep = { kind: "give_up", ...how };
  yield { type: "gave_up", ...session.at, reason: reasonOf(step) };
  return step;
}

/** Why a step gave up, for people. */
export function reasonOf(step: { thought: string; untrained?: string }): string {
  const said = step.thought === "" ? "the planner sees no way to go on" : step.thought;
  return REASONS[step.untrained ?? ""] ?? said;
}

async function* call(
  session: Session,
  question: { steps: readonly Step[]; thought: string },
  tools: RunTools,
): AsyncGenerator<AgentEvent, SpokenStep> {
  const written = yield* writeCall(session, question);
  const step = { kind: "call" as const, thought: question.thought, call: written.call };
  yield { type: "called", ...session.at, call: written.call };
  if (written.tool === null) {
    const observed = failure(written.error);
    yield { type: "observed", ...session.at, ...observed };
    return { ...step, observation: observed.text, untrained: written.untrained };
  }
  if (tools === null) return { ...step, observation: null };
  session.countCall();
  if (!written.tool.isRepeatable) session.unrepeatableCalls += 1;
  const { text, isError } = await session.until(tools.call(written.call, { signal: session.signal }));
  yield { type: "observed", ...session.at, text, isError };
  return { ...step, observation: text };
}
