import type { CheckpointManifest } from "../../core/checkpoint.js";
import type { InspectedCheckpoint } from "../../training/inspect-checkpoint.js";
import type { Lineage, LineageNode } from "../../training/lineage.js";
import { formatLoss } from "../output.js";

export const checkpointColumns = [
  "checkpoint",
  "subset",
  "step",
  "loss before",
  "loss after",
  "",
  "state",
  "path",
];

export function checkpointCells(row: InspectedCheckpoint): (string | number)[] {
  return [
    row.id,
    row.subset,
    row.globalStep,
    formatLoss(row.initialValidationLoss),
    formatLoss(row.validationLoss),
    formatMarks(row),
    row.state,
    row.path,
  ];
}

export function formatCheckpoint(row: InspectedCheckpoint & { manifest: CheckpointManifest | null }): string {
  const { manifest } = row;
  const sizeBytes = manifest?.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const facts: [string, string | null | undefined][] = [
    ["checkpoint", row.id],
    ["state", row.problem === null ? row.state : `${row.state}: ${row.problem}`],
    ["subset", `${row.subset} (stage ${row.stage}, ${row.kind})`],
    ["step", `${row.globalStep}${formatMarks(row) === "" ? "" : ` (${formatMarks(row)})`}`],
    [
      "loss",
      `${formatLoss(row.validationLoss)} on validation rows, ${formatLoss(row.initialValidationLoss)} before`,
    ],
    ["base model", manifest?.baseModel],
    ["parent", row.parentId],
    ["job", row.jobId],
    ["recipe", manifest?.recipe.name],
    ["data set", row.dataHash],
    ["hash", row.hash],
    ["files", manifest && `${manifest.files.length}, ${sizeBytes} bytes`],
    [
      "versions",
      manifest &&
        Object.entries(manifest.versions)
          .map(([name, version]) => `${name} ${version}`)
          .join(", "),
    ],
    ["folder", row.path],
  ];
  return facts.flatMap(([name, value]) => (value ? [`${name.padEnd(10)}  ${value}`] : [])).join("\n");
}

/** What the tree is about: the best of each job, what others came from, and what was asked for. */
export function selectForLineage(
  rows: readonly InspectedCheckpoint[],
  id: string | null,
): InspectedCheckpoint[] {
  const parents = new Set(rows.map((row) => row.parentId));
  return rows.filter(
    (row) => row.id === id || parents.has(row.id) || (row.isBest && row.state !== "removed"),
  );
}

export function formatLineage(dataSets: readonly Lineage<InspectedCheckpoint>[]): string {
  return dataSets
    .flatMap(({ dataHash, checkpoints }) => [
      `data set ${dataHash.slice(0, 12)}`,
      ...drawNodes(checkpoints, ""),
    ])
    .join("\n");
}

function drawNodes(nodes: readonly LineageNode<InspectedCheckpoint>[], indent: string): string[] {
  return nodes.flatMap(({ checkpoint, children }, i) => {
    const isLast = i === nodes.length - 1;
    const line = `${indent}${isLast ? "└─" : "├─"} ${checkpoint.id}  ${describeLosses(checkpoint)}`;
    return [line, ...drawNodes(children, `${indent}${isLast ? "   " : "│  "}`)];
  });
}

function describeLosses(row: InspectedCheckpoint): string {
  const origin = row.parentId === null ? "base model" : "parent";
  const losses = `loss ${formatLoss(row.validationLoss)} (${origin} ${formatLoss(row.initialValidationLoss)})`;
  return row.state === "complete" ? losses : `${losses}  ${row.state}`;
}

/** Of its job. */
export function formatMarks({ isBest, isLast }: Pick<InspectedCheckpoint, "isBest" | "isLast">): string {
  return [isBest ? "best" : [], isLast ? "last" : []].flat().join(", ");
}
