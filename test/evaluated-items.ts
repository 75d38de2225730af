import type { EvaluatedItems } from "../src/evaluation/compare/comparison.js";
import type { Evaluation } from "../src/evaluation/evaluation.js";
import type { Item } from "../src/evaluation/item.js";

/** An item of a static evaluation: `makeItem("t1#2", { plan_accuracy: 1 })` is of the cluster t1. */
export function makeItem(id: string, scores: Item["scores"], more: Partial<Item> = {}): Item {
  return {
    ...{ id, cluster: id.split("#")[0] ?? id, group: null, question: `what of ${id}?`, tools: [], scores },
    ...{ reference: [], prediction: [], notes: [] },
    ...more,
  };
}

/** Items with an evaluation around them whose summary says nothing. */
export function makeEvaluated(items: readonly Item[], more: Partial<Evaluation> = {}): EvaluatedItems {
  const empty = { items: items.length, metrics: [], groups: [], tools: [], confusions: [], notes: {} };
  return {
    evaluation: {
      ...{ version: 1, id: "static-0", kind: "static", subject: { name: "a", checkpoints: null } },
      ...{ data: { name: "test.jsonl", sha256: "d".repeat(64) }, settings: {}, summary: empty, compat: null },
      ...more,
    },
    items,
  };
}
