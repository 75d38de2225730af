import type { Role } from "../../core/roles.js";
import type { ToolCall } from "../../core/trajectory.js";
import type { AgentEvent } from "../agent-event.js";
import { createReferencePrompts, cutLeft } from "./reference-prompts.js";
import { type CompatReply, readReply, routePlan } from "./reference-reply.js";
import type { CompatSearch } from "./reference-search.js";
import type { ReferenceSession } from "./reference-session.js";
import {
  CODES,
  type Executed,
  findReferenceTool,
  finish,
  noSuchTool,
  toReferenceObservation,
} from "./reference-tools.js";

/** The roles' part of the search, and the tools'. */
export function createReferenceTurn(session: ReferenceSession): Pick<CompatSearch, "speak" | "execute"> {
  const { profile, toolBox } = session.options;
  const render = createReferencePrompts(profile, toolBox.tools);
  return {
    async *speak(messages) {
      const text = yield* askPlanner(session, render({ role: "planner", messages, plan: null }));
      const { plan, decision } = routePlan(profile, text);
      const thought = plan.split(profile.decisions[decision])[0]?.trim() ?? "";
      yield { type: "planned", ...session.at, thought, decision };
      let value = plan;
      if (decision !== "giveUp") {
        const role = decision === "answer" ? "summarizer" : "caller";
        const next = yield* ask(session, role, render({ role, messages, plan }));
        value = `${plan}${profile.endOfTurn}${profile.labels[role]}${next}`;
      }
      return { reply: readReply(profile, value), message: { role: "assistant", value } };
    },
    execute: (reply) => execute(session, reply),
  };
}

async function* askPlanner(session: ReferenceSession, prompt: string): AsyncGenerator<AgentEvent, string> {
  const { plannerTries, emptyText, emptyTexts } = session.options.profile;
  for (let attempt = 0; attempt < plannerTries; attempt += 1) {
    const text = yield* ask(session, "planner", prompt);
    if (!emptyTexts.includes(text)) return text;
    yield { type: "warned", ...session.at, message: "the planner wrote nothing" };
  }
  return emptyText;
}

async function* ask(
  session: ReferenceSession,
  role: Role,
  whole: string,
): AsyncGenerator<AgentEvent, string> {
  const { profile, roles } = session.options;
  const model = roles[role];
  const next = session.nextCompletion();
  const prompt = cutLeft(profile, whole, model);
  if (prompt !== whole) yield { type: "warned", ...session.at, message: "the prompt is cut: it is too long" };
  const { temperature, endOfTurn } = profile;
  const stop = [...new Set([endOfTurn, model.endOfTurnToken])];
  const before = session.seconds;
  const completion = await session.until(
    model.backend.complete({ prompt, stop, ...next, temperature, grammar: null, signal: session.signal }),
  );
  const counts = {
    promptTokens: completion.promptTokens ?? model.countTokens(prompt),
    completionTokens: completion.completionTokens ?? model.countTokens(completion.text),
  };
  session.count(role, counts);
  yield { type: "spoke", ...session.at, role, ...counts, seconds: session.seconds - before };
  const end = completion.text.lastIndexOf(endOfTurn);
  const text = (end < 0 ? completion.text : completion.text.slice(0, end)).trim();
  return text.startsWith(": ") ? text.slice(2) : text;
}

async function* execute(
  session: ReferenceSession,
  { thought, action, input }: CompatReply,
): ReturnType<CompatSearch["execute"]> {
  const { toolBox, profile } = session.options;
  const said = withoutDecision(session, thought);
  if (action === "Finish") {
    const { answer, ...executed } = finish(input);
    if (executed.code === CODES.answered) {
      yield { type: "answered", ...session.at, text: answer };
      return { executed, step: { kind: "answer", thought: said, answer } };
    }
    if (executed.code === CODES.gaveUp) {
      yield { type: "gave_up", ...session.at, reason: said };
      return { executed, step: { kind: "give_up", thought: said } };
    }
    const call = { name: action, arguments: input };
    yield { type: "called", ...session.at, call };
    return yield* observe(session, { thought: said, call }, executed);
  }
  const tool = findReferenceTool(toolBox.tools, action);
  const call = { name: tool?.name ?? action, arguments: input };
  yield { type: "called", ...session.at, call };
  if (tool === null) return yield* observe(session, { thought: said, call }, noSuchTool(action));
  session.countCall();
  const observation = await session.until(toolBox.call(call, { signal: session.signal }));
  const executed = toReferenceObservation(profile, observation);
  return yield* observe(session, { thought: said, call }, executed);
}

function withoutDecision({ options }: ReferenceSession, thought: string): string {
  const ends = Object.values(options.profile.decisions).map((words) => thought.indexOf(words));
  const at = ends.filter((index) => index >= 0);
  return thought.slice(0, Math.min(thought.length, ...at)).trim();
}

async function* observe(
  session: ReferenceSession,
  said: { thought: string; call: ToolCall },
  executed: Executed,
): ReturnType<CompatSearch["execute"]> {
  const { observation, code } = executed;
  const isRun = code === CODES.done;
  yield { type: "observed", ...session.at, text: observation, isError: !isRun };
  const step = { kind: "call" as const, ...said, observation };
  return { executed, step: isRun ? step : { ...step, untrained: "hallucinated_call" } };
}
