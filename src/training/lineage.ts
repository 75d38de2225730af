import type { Checkpoint } from "../state/rows.js";

type Row = Pick<Checkpoint, "id" | "parentId" | "dataHash">;

export interface LineageNode<T extends Row> {
  checkpoint: T;
  children: LineageNode<T>[];
}

/** What was trained on one data set. A checkpoint whose parent is unknown here stands at the root. */
export interface Lineage<T extends Row> {
  dataHash: string;
  checkpoints: LineageNode<T>[];
}

/** Data set, backbones, roles, each level oldest first. With an id: only its ancestors, itself and its descendants. */
export function buildLineage<T extends Row>(rows: readonly T[], id: string | null = null): Lineage<T>[] {
  const oldestFirst = [...rows].reverse();
  const kept = id === null ? oldestFirst : related(oldestFirst, id);
  const known = new Set(kept.map((row) => row.id));
  const nodeOf = (checkpoint: T): LineageNode<T> => ({
    checkpoint,
    children: kept.filter((row) => row.parentId === checkpoint.id).map(nodeOf),
  });
  const lineages = new Map<string, LineageNode<T>[]>();
  for (const row of kept) {
    if (row.parentId !== null && known.has(row.parentId)) continue;
    lineages.set(row.dataHash, [...(lineages.get(row.dataHash) ?? []), nodeOf(row)]);
  }
  return [...lineages].map(([dataHash, checkpoints]) => ({ dataHash, checkpoints }));
}

function related<T extends Row>(rows: readonly T[], id: string): T[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const keep = new Set<string>();
  for (let next: string | null | undefined = id; next && !keep.has(next); next = byId.get(next)?.parentId) {
    keep.add(next);
  }
  const descendants = new Set([id]);
  // Oldest first: a child is always younger than its parent.
  for (const row of rows) if (row.parentId !== null && descendants.has(row.parentId)) descendants.add(row.id);
  return rows.filter((row) => keep.has(row.id) || descendants.has(row.id));
}
