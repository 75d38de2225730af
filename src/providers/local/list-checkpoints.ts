import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { CHECKPOINT_FOLDER, readCheckpointFolder } from "../../core/checkpoint-folder.js";
import type { JobHandle, ProviderCheckpoint } from "../provider.js";
import { jobPaths } from "./job-folder.js";

/** Complete ones of this job, oldest first. Anything else in the folder is passed over. */
export async function listCheckpoints(job: JobHandle): Promise<ProviderCheckpoint[]> {
  const root = jobPaths(job.outputDir).checkpoints;
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isDirectory() && CHECKPOINT_FOLDER.test(entry.name));
  const folders = await Promise.all(names.map((entry) => readCheckpointFolder(join(root, entry.name))));
  return folders
    .flatMap((folder) => (folder.isComplete && folder.manifest.jobId === job.jobId ? [folder] : []))
    .map(({ path, manifest }) => ({ path, manifest, isHere: true }))
    .sort((a, b) => a.manifest.globalStep - b.manifest.globalStep);
}
