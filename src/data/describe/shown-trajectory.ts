import type { Example } from "../../core/example.js";
import { SUBSETS, type Subset } from "../../core/roles.js";

/** A stretch of a row's text. */
export interface ShownPart {
  text: string;
  /** The subsets that are trained on it. */
  trainedBy: Subset[];
}

/** A row as one or several subsets have it. */
export interface ShownRow {
  /** Of the row, which may be one of several of a trajectory. */
  id: string;
  subsets: Subset[];
  parts: ShownPart[];
}

type Rows = Partial<Record<Subset, readonly Example[]>>;

/** Rows for reading: those of one text, as a thread gives them, become one row that says who is trained on what. */
export function combineRows(rows: Rows): ShownRow[] {
  const all = SUBSETS.flatMap((subset) => (rows[subset] ?? []).map((example) => ({ subset, example })));
  const byText = new Map<string, typeof all>();
  for (const each of all) {
    const text = each.example.segments.map((segment) => segment.text).join("");
    byText.set(text, [...(byText.get(text) ?? []), each]);
  }
  return [...byText.values()].map((same) => ({
    id: same[0]?.example.id ?? "",
    subsets: [...new Set(same.map(({ subset }) => subset))],
    parts: overlay(same),
  }));
}

/** Cuts the text wherever any of the rows does. */
function overlay(rows: readonly { subset: Subset; example: Example }[]): ShownPart[] {
  const cuts = new Set<number>();
  const trained: { subset: Subset; from: number; to: number }[] = [];
  for (const { subset, example } of rows) {
    let at = 0;
    for (const { text, train } of example.segments) {
      const to = at + text.length;
      cuts.add(to);
      if (train) trained.push({ subset, from: at, to });
      at = to;
    }
  }
  const whole = rows[0]?.example.segments.map(({ text }) => text).join("") ?? "";
  let from = 0;
  return [...cuts]
    .sort((a, b) => a - b)
    .map((to) => {
      const by = trained.filter((stretch) => stretch.from <= from && to <= stretch.to);
      const part = { text: whole.slice(from, to), trainedBy: [...new Set(by.map(({ subset }) => subset))] };
      from = to;
      return part;
    })
    .filter(({ text }) => text !== "");
}
