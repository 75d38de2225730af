import type { CheckpointManifest } from "../core/checkpoint.js";
import { readCheckpointFolder } from "../core/checkpoint-folder.js";
import type { Checkpoint } from "../state/rows.js";

/** A row and what its folder looks like now. */
export interface InspectedCheckpoint extends Omit<Checkpoint, "state"> {
  /** `damaged`: the manifest or a file is missing or of another checkpoint, or a file has another size. */
  state: Checkpoint["state"] | "damaged";
  problem: string | null;
}

/** Looks at presence and sizes; hashing is for `verifyCheckpoint`. The manifest is null where it cannot be read. */
export async function inspectWithManifest(
  row: Checkpoint,
): Promise<InspectedCheckpoint & { manifest: CheckpointManifest | null }> {
  if (row.state !== "complete") return { ...row, problem: null, manifest: null };
  const folder = await readCheckpointFolder(row.path);
  if (!folder.isComplete) return { ...row, state: "damaged", problem: folder.problem, manifest: null };
  const { manifest } = folder;
  if (manifest.id === row.id && manifest.hash === row.hash) return { ...row, problem: null, manifest };
  return { ...row, state: "damaged", problem: `${row.path} holds ${manifest.id} now`, manifest };
}

export async function inspectCheckpoints(rows: readonly Checkpoint[]): Promise<InspectedCheckpoint[]> {
  return Promise.all(
    rows.map(async (row) => {
      const { manifest: _manifest, ...inspected } = await inspectWithManifest(row);
      return inspected;
    }),
  );
}
