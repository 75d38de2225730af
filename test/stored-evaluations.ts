import { join } from "node:path";
import type { Context } from "../src/cli/context.js";
import { saveEvaluation } from "../src/cli/evaluation/stored-evaluations.js";
import type { Role } from "../src/core/roles.js";
import { createEvaluation } from "../src/evaluation/create-evaluation.js";
import type { Evaluation } from "../src/evaluation/evaluation.js";
import type { Item } from "../src/evaluation/item.js";
import type { State } from "../src/state/state.js";
import { makeItem } from "./evaluated-items.js";

/** Steps that call a tool, one of each trajectory: of the last `wrong` ones the arguments are. */
export function makeCallItems({ trajectories = 30, wrong = 0 } = {}): Item[] {
  return Array.from({ length: trajectories }, (_, i) => {
    const isRight = i < trajectories - wrong;
    const call = { name: "get_weather", arguments: isRight ? '{"city":"Oslo"}' : '{"town":"Oslo"}' };
    const right = isRight ? 1 : 0;
    const scores = {
      plan_accuracy: 1,
      action_exact: 1,
      argument_f1: right,
      call_exact: right,
      hallucination: 0,
    };
    const prediction = [{ kind: "call", thought: "", call, observation: null } as const];
    return makeItem(`t${i}#1`, scores, { tools: ["get_weather"], prediction });
  });
}

interface Made extends Partial<Pick<Evaluation, "kind" | "settings" | "data">> {
  name?: string;
  /** Hashes of the weights; without them the predictions are from elsewhere. */
  hashes?: Record<Role, string>;
  /** ISO time. */
  at?: string;
  /** Without a state, only the folder is written. */
  state?: State;
}

/** Writes an evaluation into a folder as the commands do, and gives its id. */
export async function storeEvaluation(
  folder: string,
  items: readonly Item[],
  made: Made = {},
): Promise<string> {
  const { name = folder, hashes, at = "2026-11-22T12:00:00.000Z", state, ...more } = made;
  const checkpoints =
    hashes === undefined
      ? null
      : (Object.fromEntries(
          Object.entries(hashes).map(([role, hash]) => [role, { id: role, hash }]),
        ) as Record<Role, { id: string; hash: string }>);
  const data = { name: "test.jsonl", sha256: "d".repeat(64) };
  const evaluation = createEvaluation({
    ...{ kind: "static", data, settings: {}, compat: null, subject: { name, checkpoints }, items, ...more },
  });
  const ignored = { saveEvaluation: () => {} } as unknown as State;
  const context = { now: () => new Date(at) } as Context;
  await saveEvaluation(context, state ?? ignored, { evaluation, items, folder: join(folder) });
  return evaluation.id;
}
