import type { Step } from "../../core/trajectory.js";
import type { PlannerDecision } from "../../prompts/parse-turn.js";
import { readPlannerText } from "../../prompts/read-turn.js";
import type { AgentEvent } from "../agent-event.js";
import { askRole } from "./ask-role.js";
import type { Session } from "./session.js";

interface Plan {
  thought: string;
  decision: PlannerDecision;
}

/** What the planner wants next; null where it wrote nothing at all. */
export async function* planStep(
  session: Session,
  steps: readonly Step[],
): AsyncGenerator<AgentEvent, Plan | null> {
  const { model, tools, maxAttempts } = session.options;
  let thought: string | null = null;
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const { text } = yield* askRole(session, { role: "planner", steps, thought: null, attempt });
    const read = readPlannerText(model.profile, text);
    if (read.decision !== null) {
      return yield* checkPlan(session, { thought: read.thought, decision: read.decision });
    }
    if (read.thought !== "") thought ??= read.thought;
    const message = text === "" ? "the planner wrote nothing" : "the planner did not say who is next";
    yield { type: "warned", ...session.at, message };
  }
  if (thought === null) return null;
  const decision = tools.length > 0 ? "call" : "answer";
  const next = tools.length > 0 ? "caller" : "summarizer";
  const message = `taken to mean that the ${next} is next`;
  yield { type: "warned", ...session.at, message, note: "no_decision" };
  return { thought, decision };
}

/** Where there is no tool, a call can only be an answer. */
async function* checkPlan(session: Session, plan: Plan): AsyncGenerator<AgentEvent, Plan> {
  if (plan.decision !== "call" || session.options.tools.length > 0) return plan;
  const message = "there is no tool to call: taken to mean that the summarizer is next";
  yield { type: "warned", ...session.at, message, note: "no_tools" };
  return { ...plan, decision: "answer" };
}
