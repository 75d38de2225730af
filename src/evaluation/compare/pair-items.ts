import { MllmError } from "../../core/errors.js";
import { canonicalJson } from "../../core/ids.js";
import type { Evaluation } from "../evaluation.js";
import type { Item } from "../item.js";
import type { Comparison } from "./comparison.js";

export interface ItemPair {
  a: Item;
  b: Item;
}

/** Items of both evaluations by id, in A's order; those on one side only are left out. */
export function pairItems(a: readonly Item[], b: readonly Item[]): ItemPair[] {
  const ofB = new Map(b.map((item) => [item.id, item]));
  return a.flatMap((item) => {
    const other = ofB.get(item.id);
    return other === undefined ? [] : [{ a: item, b: other }];
  });
}

/** Throws bad_input where two evaluations are of different things, so that no item of one is an item of the other. */
export function checkSameData(a: Evaluation, b: Evaluation): void {
  if (a.kind !== b.kind) {
    throw new MllmError("bad_input", `${a.id} is a ${a.kind} evaluation, ${b.id} a ${b.kind} one`, {
      hint: "Compare two of one kind; mllm eval list shows them.",
    });
  }
  if (a.data.sha256 !== b.data.sha256) {
    const name = ({ data }: Evaluation) => `${data.name} (${data.sha256.slice(0, 12)})`;
    throw new MllmError(
      "bad_input",
      `they are of different data: ${a.id} of ${name(a)}, ${b.id} of ${name(b)}`,
      { hint: "Evaluate both on the same files; the hash in brackets is of their contents." },
    );
  }
}

/**
 * The settings in which two evaluations differ. None where one is of predictions from elsewhere: how those were made
 * is unknown, and belongs to who is compared.
 */
export function listOtherSettings(a: Evaluation, b: Evaluation): Comparison["settings"] {
  const isFromElsewhere = a.subject.checkpoints === null || b.subject.checkpoints === null;
  return isFromElsewhere ? [] : listDifferences(a.settings, b.settings);
}

/** Leaves that are not equal, by dotted path. */
function listDifferences(a: unknown, b: unknown, path = ""): Comparison["settings"] {
  if (!isRecord(a) || !isRecord(b)) {
    const isEqual = canonicalJson([a]) === canonicalJson([b]);
    return isEqual ? [] : [{ name: path, a: a ?? null, b: b ?? null }];
  }
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  return keys.flatMap((key) => listDifferences(a[key], b[key], path === "" ? key : `${path}.${key}`));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
