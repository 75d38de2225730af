import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { readCheckpointFolder } from "../core/checkpoint-folder.js";
import { sha256 } from "../core/ids.js";
import type { Checkpoint } from "../state/rows.js";

/** Everything that is wrong with a checkpoint's files, each with its path; empty where it is intact. Reads all of it. */
export async function verifyCheckpoint(row: Pick<Checkpoint, "id" | "hash" | "path">): Promise<string[]> {
  const folder = await readCheckpointFolder(row.path);
  if (!folder.isComplete) return [folder.problem];
  const { manifest } = folder;
  const problems: string[] = [];
  for (const file of [...manifest.files, ...manifest.resumeFiles]) {
    const path = join(row.path, file.path);
    const found = await hashFile(path);
    if (found === null) problems.push(`${path} is missing or unreadable`);
    else if (found !== file.sha256) problems.push(`${path} has SHA-256 ${found}, expected ${file.sha256}`);
  }
  const manifestPath = join(row.path, "checkpoint.json");
  const hash = sha256(manifest.origin ?? manifest.files.map((file) => [file.path, file.sha256]));
  if (hash !== manifest.hash) {
    const what = manifest.origin === null ? "its files make" : "its origin makes";
    problems.push(`${manifestPath} has hash ${manifest.hash}, ${what} ${hash}`);
  }
  if (manifest.id !== row.id || manifest.hash !== row.hash) {
    problems.push(`${manifestPath} is of ${manifest.id}, expected ${row.id} with hash ${row.hash}`);
  }
  return problems;
}

async function hashFile(path: string): Promise<string | null> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(path), hash);
  } catch {
    return null;
  }
  return hash.digest("hex");
}
