import { MllmError } from "../../core/errors.js";
import { METRICS, type MetricInfo } from "../metrics.js";
import { compareMetrics, gainOf, type Sampling } from "./compare-metrics.js";
import type { Comparison, DifferenceSlice, EvaluatedItems, ItemChange } from "./comparison.js";
import { checkSameData, type ItemPair, listOtherSettings, pairItems } from "./pair-items.js";

interface CompareOptions extends Partial<Sampling> {
  /** Compares although settings differ: what they are then counts as part of who was evaluated. */
  acrossSettings?: boolean;
}

const SAMPLING: Sampling = { seed: 1, resamples: 1_000, permutations: 10_000 };

/**
 * Pairs two evaluations of the same data item by item. The same two give the same numbers. Throws bad_input where
 * kind or data differ, or settings where that is not allowed, or where no item is in both.
 */
export function compareItems(
  a: EvaluatedItems,
  b: EvaluatedItems,
  { acrossSettings = false, ...given }: CompareOptions = {},
): Comparison {
  checkSameData(a.evaluation, b.evaluation);
  const settings = listOtherSettings(a.evaluation, b.evaluation);
  if (!acrossSettings && settings.length > 0) throw refuseSettings(a, b, settings);
  const pairs = pairItems(a.items, b.items);
  if (pairs.length === 0) {
    throw new MllmError("bad_input", `${a.evaluation.id} and ${b.evaluation.id} have no item in common`, {
      hint: "Evaluate both again on the same files.",
    });
  }
  const metrics = METRICS.filter(({ kind }) => kind === a.evaluation.kind);
  const sampling = { ...SAMPLING, ...given };
  const slice = ([name, some]: [string, ItemPair[]]): DifferenceSlice => {
    return { name, items: some.length, metrics: compareMetrics(some, metrics, sampling) };
  };
  const { kind, data } = a.evaluation;
  return {
    ...{ kind, data, a: nameOf(a), b: nameOf(b) },
    items: pairs.length,
    clusters: new Set(pairs.map((pair) => pair.a.cluster)).size,
    onlyInA: a.items.length - pairs.length,
    onlyInB: b.items.length - pairs.length,
    settings,
    metrics: compareMetrics(pairs, metrics, sampling),
    groups: groupPairs(pairs, ({ group }) => (group === null ? [] : [group])).map(slice),
    tools: groupPairs(pairs, ({ tools }) => tools)
      .sort(([, one], [, other]) => other.length - one.length)
      .map(slice),
    changes: listChanges(pairs, metrics),
  };
}

function nameOf({ evaluation: { id, subject } }: EvaluatedItems): Comparison["a"] {
  return { id, subject };
}

function refuseSettings(a: EvaluatedItems, b: EvaluatedItems, settings: Comparison["settings"]): MllmError {
  const each = settings.map(({ name, a, b }) => `${name} is ${JSON.stringify(a)} and ${JSON.stringify(b)}`);
  return new MllmError(
    "bad_input",
    `${a.evaluation.id} and ${b.evaluation.id} were made with different settings: ${each.join("; ")}`,
    { hint: "Evaluate both in the same way, or add --across-settings if that is what you compare." },
  );
}

/** By name. */
function groupPairs(
  pairs: readonly ItemPair[],
  namesOf: (item: ItemPair["a"]) => readonly string[],
): [string, ItemPair[]][] {
  const groups = new Map<string, ItemPair[]>();
  for (const pair of pairs) {
    for (const name of new Set(namesOf(pair.a))) {
      const group = groups.get(name) ?? [];
      group.push(pair);
      groups.set(name, group);
    }
  }
  return [...groups].sort(([one], [other]) => (one < other ? -1 : 1));
}

function listChanges(pairs: readonly ItemPair[], metrics: readonly MetricInfo[]): ItemChange[] {
  const headlines = metrics.filter(({ isHeadline }) => isHeadline);
  const changes = pairs.flatMap((pair): ItemChange[] => {
    const scores: ItemChange["scores"] = {};
    for (const { name } of metrics) {
      const [a, b] = [pair.a.scores[name] ?? null, pair.b.scores[name] ?? null];
      if (a !== b) scores[name] = { a, b };
    }
    if (Object.keys(scores).length === 0) return [];
    const change = headlines.reduce((sum, metric) => sum + (gainOf(pair, metric) ?? 0), 0);
    const { id, group, question, tools, reference } = pair.a;
    return [
      { id, group, question, tools, change, scores, reference, a: pair.a.prediction, b: pair.b.prediction },
    ];
  });
  return changes.sort((one, other) => one.change - other.change);
}
