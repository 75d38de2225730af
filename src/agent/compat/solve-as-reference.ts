import type { Step } from "../../core/trajectory.js";
import type { AgentEvent, AgentResult } from "../agent-event.js";
import { LimitReached, Session } from "../loop/session.js";
import { reasonOf } from "../loop/take-turn.js";
import {
  type CompatNode,
  type CompatSearch,
  createRoot,
  pathTo,
  searchAsReference,
} from "./reference-search.js";
import type { ReferenceOptions, ReferenceSession } from "./reference-session.js";
import { createReferenceTurn } from "./reference-turn.js";

/**
 * Solves a task as α-UMi's agent does, for its checkpoints. Turns, temperature and the length of a completion are the
 * profile's; the other limits hold. One thing is not followed: calls that must not be repeated are never gone back over.
 */
export async function* solveAsReference(
  task: { instruction: string },
  options: ReferenceOptions,
): AsyncGenerator<AgentEvent, AgentResult> {
  const { profile, limits } = options;
  const session: ReferenceSession = new Session({
    ...options,
    limits: { ...limits, maxNewTokens: profile.maxNewTokens },
  });
  const root = createRoot(task.instruction);
  const place = { node: root };
  const search: CompatSearch = {
    profile,
    ...createReferenceTurn(session),
    goBack: createGoBack(session),
    enter: (node) => {
      place.node = node;
      session.step = node.depth / 3 + 1;
    },
    queries: 0,
    answered: [],
    gaveUp: [],
  };
  let limit: LimitReached["limit"] | null = null;
  try {
    yield* searchAsReference(search, root);
  } catch (error) {
    if (!(error instanceof LimitReached)) throw error;
    limit = error.limit;
  } finally {
    session.close();
  }
  return { ...conclude(search, limit, place.node), usage: session.usage };
}

function createGoBack(session: ReferenceSession): CompatSearch["goBack"] {
  const once = new Set(
    session.options.toolBox.tools.flatMap((tool) => (tool.isRepeatable ? [] : [tool.name])),
  );
  const isFinal = ({ children }: CompatNode): boolean =>
    children.some((child) => {
      const { step } = child;
      const wasRun = step?.kind === "call" && step.untrained === undefined && once.has(step.call.name);
      return wasRun || isFinal(child);
    });
  return async function* (node) {
    if (isFinal(node)) {
      const message = "not going back over a call that must not be repeated, as the reference would";
      yield { type: "warned", ...session.at, message };
      return false;
    }
    session.branch += 1;
    session.step = node.depth / 3 + 1;
    yield { type: "went_back", ...session.at, toStep: session.step };
    return true;
  };
}

function conclude(
  { answered, gaveUp }: CompatSearch,
  limit: LimitReached["limit"] | null,
  last: CompatNode,
): Omit<AgentResult, "usage"> {
  const [answer] = answered;
  if (answer?.step?.kind === "answer")
    return { outcome: "answered", answer: answer.step.answer, reason: null, steps: stepsOf(answer) };
  if (limit !== null) return { outcome: "limit", answer: null, reason: limit, steps: stepsOf(last) };
  // The reference takes any of them.
  const [first] = gaveUp;
  if (first?.step?.kind === "give_up")
    return { outcome: "gave_up", answer: null, reason: reasonOf(first.step), steps: stepsOf(first) };
  return { outcome: "limit", answer: null, reason: "turns", steps: stepsOf(last) };
}

function stepsOf(node: CompatNode): Step[] {
  return pathTo(node).flatMap(({ step }) => (step === null ? [] : [step]));
}
