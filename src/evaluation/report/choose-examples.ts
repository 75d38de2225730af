import type { Evaluation } from "../evaluation.js";
import type { Item } from "../item.js";
import { classifyItem } from "./classify-item.js";

/** A trajectory or a task, all its items in their order. */
export interface Example {
  question: string;
  items: readonly Item[];
  /** How many of the items are wrong in some way. */
  wrong: number;
}

export interface ExampleClass {
  /** The first mistake of its examples; null: none. */
  title: string | null;
  /** Of these, `examples` are shown. */
  count: number;
  examples: readonly Example[];
}

const MOST_CLASSES = 12;
const MOST_EXAMPLES = 5;
const MOST_RIGHT = 2;

/** A few of every kind of mistake, the most frequent kind first, and at the end some without one. */
export function chooseExamples(kind: Evaluation["kind"], items: readonly Item[]): ExampleClass[] {
  const classes = new Map<string | null, Example[]>();
  for (const own of groupByCluster(items)) {
    const titles = own.map((item) => classifyItem(kind, item));
    const title = titles.find((each) => each !== null) ?? null;
    const wrong = titles.filter((each) => each !== null).length;
    const example = { question: own[0]?.question ?? "", items: own, wrong };
    classes.set(title, [...(classes.get(title) ?? []), example]);
  }
  const right = classes.get(null) ?? [];
  classes.delete(null);
  const mistakes = [...classes]
    .sort(([, one], [, other]) => other.length - one.length)
    .slice(0, MOST_CLASSES)
    .map(([title, examples]) => ({
      title,
      count: examples.length,
      examples: examples.slice(0, MOST_EXAMPLES),
    }));
  if (right.length === 0) return mistakes;
  return [...mistakes, { title: null, count: right.length, examples: right.slice(0, MOST_RIGHT) }];
}

function groupByCluster(items: readonly Item[]): Item[][] {
  const clusters = new Map<string, Item[]>();
  for (const item of items) {
    const own = clusters.get(item.cluster);
    if (own === undefined) clusters.set(item.cluster, [item]);
    else own.push(item);
  }
  return [...clusters.values()];
}
