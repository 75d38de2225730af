import type { CheckpointManifest } from "../core/checkpoint.js";
import { readCheckpointFolder } from "../core/checkpoint-folder.js";
import type { Checkpoint } from "../state/open-state.js";
import type { Lineage, LineageNode } from "../training/lineage.js";

/** One checkpoint as `--json` gives it (docs/json-output.md): the row, and what its folder looks like now. */
export interface InspectedCheckpoint extends Omit<Checkpoint, "state"> {
  /** `damaged`: the manifest or a file is missing, or a file has another size. */
  state: "complete" | "damaged" | "removed";
  problem: string | null;
  manifest: CheckpointManifest | null;
}

/** Looks at presence and sizes; hashing is for `verify`. */
export async function inspect(row: Checkpoint): Promise<InspectedCheckpoint> {
  if (row.state === "removed") return { ...row, problem: null, manifest: null };
  const folder = await readCheckpointFolder(row.path);
  if (!folder.isComplete) return { ...row, state: "damaged", problem: folder.problem, manifest: null };
  const { manifest } = folder;
  if (manifest.id === row.id && manifest.hash === row.hash) return { ...row, problem: null, manifest };
  return { ...row, state: "damaged", problem: `${row.path} holds ${manifest.id} now`, manifest };
}

export function withoutManifest({ manifest: _manifest, ...row }: InspectedCheckpoint) {
  return row;
}

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

export function formatCheckpoint(row: InspectedCheckpoint): string {
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
export function selectForLineage(rows: readonly Checkpoint[], id: string | null): Checkpoint[] {
  const parents = new Set(rows.map((row) => row.parentId));
  return rows.filter(
    (row) => row.id === id || parents.has(row.id) || (row.isBest && row.state === "complete"),
  );
}

export function formatLineage(dataSets: readonly Lineage[]): string {
  return dataSets
    .flatMap(({ dataHash, checkpoints }) => [
      `data set ${dataHash.slice(0, 12)}`,
      ...drawNodes(checkpoints, ""),
    ])
    .join("\n");
}

function drawNodes(nodes: readonly LineageNode[], indent: string): string[] {
  return nodes.flatMap(({ checkpoint, children }, i) => {
    const isLast = i === nodes.length - 1;
    const line = `${indent}${isLast ? "└─" : "├─"} ${checkpoint.id}  ${describeLosses(checkpoint)}`;
    return [line, ...drawNodes(children, `${indent}${isLast ? "   " : "│  "}`)];
  });
}

function describeLosses(row: Checkpoint): string {
  const origin = row.parentId === null ? "base model" : "parent";
  const losses = `loss ${formatLoss(row.validationLoss)} (${origin} ${formatLoss(row.initialValidationLoss)})`;
  return row.state === "removed" ? `${losses}  removed` : losses;
}

function formatMarks({ isBest, isLast }: Pick<Checkpoint, "isBest" | "isLast">): string {
  return [isBest ? "best" : [], isLast ? "last" : []].flat().join(", ");
}

function formatLoss(loss: number | null): string {
  return loss === null ? "-" : loss.toFixed(4);
}
