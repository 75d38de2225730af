import { readFile, stat } from "node:fs/promises";
import { isAbsolute, join, normalize } from "node:path";
import { CheckpointManifest } from "./checkpoint.js";

/** Names of the folders in a job's `checkpoints`: `checkpoint-12`; in a job of several roles `checkpoint-caller-12`. */
export const CHECKPOINT_FOLDER = /^checkpoint-(?:[a-z]+-)?\d+$/;

export type CheckpointFolder =
  | { isComplete: true; path: string; manifest: CheckpointManifest }
  | { isComplete: false; path: string; problem: string };

/** Reads `checkpoint.json` and compares the presence and size of every file it names; content is not hashed. Never throws. */
export async function readCheckpointFolder(path: string): Promise<CheckpointFolder> {
  const incomplete = (problem: string): CheckpointFolder => ({ isComplete: false, path, problem });
  const file = join(path, "checkpoint.json");
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch {
    return incomplete(`${file} is missing or unreadable`);
  }
  const manifest = parseManifest(text);
  if (manifest === null) return incomplete(`${file} is not a checkpoint manifest`);
  for (const { path: name, sizeBytes } of [...manifest.files, ...manifest.resumeFiles]) {
    if (isOutside(name)) return incomplete(`${file} names a file outside the folder: ${name}`);
    const found = await stat(join(path, name)).catch(() => null);
    if (found === null) return incomplete(`${join(path, name)} is missing`);
    if (found.size !== sizeBytes) {
      return incomplete(`${join(path, name)} has ${found.size} bytes, expected ${sizeBytes}`);
    }
  }
  return { isComplete: true, path, manifest };
}

function parseManifest(text: string): CheckpointManifest | null {
  try {
    return CheckpointManifest.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

export function isOutside(name: string): boolean {
  return isAbsolute(name) || normalize(name).startsWith("..");
}
