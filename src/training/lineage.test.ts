import { describe, expect, it } from "@jest/globals";
import type { Checkpoint } from "../state/rows.js";
import { buildLineage, type LineageNode } from "./lineage.js";

function row(id: string, parentId: string | null = null, dataHash = "data"): Checkpoint {
  return {
    id,
    hash: id,
    path: `/${id}`,
    jobId: "job-1",
    stage: parentId === null ? 1 : 2,
    subset: parentId === null ? "backbone" : "planner",
    globalStep: 1,
    kind: "full",
    parentId,
    dataHash,
    isBest: true,
    isLast: true,
    validationLoss: 1,
    initialValidationLoss: 2,
    state: "complete",
    createdAt: "2026-11-22T12:00:00Z",
  };
}

function outline(nodes: LineageNode<Checkpoint>[]): unknown[] {
  return nodes.map(({ checkpoint, children }) => [checkpoint.id, ...outline(children)]);
}

// Newest first, as the database lists them.
const ROWS = [
  row("caller", "backbone"),
  row("planner", "backbone"),
  row("other", null, "data-2"),
  row("backbone"),
];

describe("buildLineage", () => {
  it("makes a tree for each data set, oldest first", () => {
    const lineages = buildLineage(ROWS);
    expect(lineages.map(({ dataHash, checkpoints }) => [dataHash, outline(checkpoints)])).toEqual([
      ["data", [["backbone", ["planner"], ["caller"]]]],
      ["data-2", [["other"]]],
    ]);
  });

  it("keeps only the ancestors and descendants of the one that is asked for", () => {
    expect(buildLineage(ROWS, "planner").map(({ checkpoints }) => outline(checkpoints))).toEqual([
      [["backbone", ["planner"]]],
    ]);
    expect(buildLineage(ROWS, "backbone").map(({ checkpoints }) => outline(checkpoints))).toEqual([
      [["backbone", ["planner"], ["caller"]]],
    ]);
  });

  it("puts a checkpoint at the root whose parent is unknown here", () => {
    expect(outline(buildLineage([row("planner", "elsewhere")])[0]?.checkpoints ?? [])).toEqual([["planner"]]);
  });
});
