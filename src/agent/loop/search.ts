import type { Step } from "../../core/trajectory.js";
import type { AgentEvent } from "../agent-event.js";
import type { ToolBox } from "../tool-box.js";
import { describeTried } from "./describe-tried.js";
import type { Session } from "./session.js";
import { type SpokenStep, takeTurn } from "./take-turn.js";

/** From the first step on; `turns` of them are this task's own. */
interface Chain {
  steps: readonly Step[];
  turns: number;
  /** The step that tells what was tried before, of which only the last one stays. */
  hint: Step | null;
}

/** How a search ended: the chain with the answer, else the first that gave up, else the first that grew too long. */
export interface Found {
  answered: readonly Step[] | null;
  gaveUp: readonly Step[] | null;
  tooLong: readonly Step[] | null;
  /** The chain under way. */
  current: readonly Step[];
}

interface Search {
  session: Session;
  toolBox: ToolBox;
  /** Tries a step; 1 makes a chain. */
  width: number;
  found: Found;
}

/**
 * Depth first (DFSDT): a step whose continuation failed is tried again, knowing what was tried. A step that gave up is
 * not: the one before it is. Calls that cannot be repeated are never gone back over.
 */
export async function* exploreFrom(search: Search, chain: Chain): AsyncGenerator<AgentEvent, void> {
  const { session, found, width } = search;
  found.current = chain.steps;
  if (chain.turns >= session.options.limits.maxTurns) {
    found.tooLong ??= chain.steps;
    return;
  }
  const unrepeatableBefore = session.unrepeatableCalls;
  const tried: SpokenStep[] = [];
  for (let attempt = 0; attempt < width; attempt += 1) {
    const start = attempt === 0 ? chain : withHint(chain, tried);
    if (attempt > 0) {
      if (session.unrepeatableCalls > unrepeatableBefore) return;
      session.branch += 1;
      session.step = chain.turns + 1;
      yield { type: "went_back", ...session.at, toStep: session.step };
    }
    session.step = chain.turns + 1;
    found.current = start.steps;
    const step = yield* takeTurn(session, start.steps, search.toolBox);
    const next = { ...start, steps: [...start.steps, step], turns: chain.turns + 1 };
    found.current = next.steps;
    if (step.kind === "answer") found.answered = next.steps;
    else if (step.kind === "give_up") found.gaveUp ??= next.steps;
    if (step.kind !== "call") return;
    tried.push(step);
    yield* exploreFrom(search, next);
    if (found.answered !== null) return;
  }
}

function withHint(chain: Chain, tried: readonly SpokenStep[]): Chain {
  const hint: Step = { kind: "user", text: describeTried(tried) };
  return { ...chain, hint, steps: [...chain.steps.filter((step) => step !== chain.hint), hint] };
}
