import { join } from "node:path";
import { CheckpointManifest } from "../../core/checkpoint.js";
import { CHECKPOINT_FOLDER, isOutside, readCheckpointFolder } from "../../core/checkpoint-folder.js";
import type { JobHandle, ProviderCheckpoint } from "../provider.js";
import type { Storage } from "../storage.js";
import { layout } from "./layout.js";
import { parseJson, readStoredText } from "./stored-text.js";

/** Complete ones of this job, oldest first. Anything else in the folder is passed over. */
export async function listStoredCheckpoints(storage: Storage, job: JobHandle): Promise<ProviderCheckpoint[]> {
  const root = `${layout.job(job.name)}/checkpoints`;
  const sizes = new Map((await storage.list(root)).map((file) => [file.path, file.sizeBytes]));
  const names = [...sizes.keys()].flatMap((path) => {
    const [name = "", file, ...below] = path.slice(root.length + 1).split("/");
    return file === "checkpoint.json" && below.length === 0 && CHECKPOINT_FOLDER.test(name) ? [name] : [];
  });
  const found = await Promise.all(
    names.map(async (name) => {
      const manifest = await readManifest(storage, `${root}/${name}`);
      if (
        manifest?.jobId !== job.jobId ||
        !isWhole(manifest, (path) => sizes.get(`${root}/${name}/${path}`))
      ) {
        return [];
      }
      const path = join(job.outputDir, "checkpoints", name);
      return [{ path, manifest, isHere: await isCheckpointHere(path, manifest) }];
    }),
  );
  return found.flat().sort((a, b) => a.manifest.globalStep - b.manifest.globalStep);
}

/** Null where it is missing or no manifest. */
async function readManifest(storage: Storage, folder: string): Promise<CheckpointManifest | null> {
  const value = parseJson(await readStoredText(storage, `${folder}/checkpoint.json`));
  return CheckpointManifest.safeParse(value).data ?? null;
}

function isWhole(manifest: CheckpointManifest, sizeOf: (path: string) => number | undefined): boolean {
  const files = [...manifest.files, ...manifest.resumeFiles];
  return files.every((file) => !isOutside(file.path) && sizeOf(file.path) === file.sizeBytes);
}

/** A copy that was pulled earlier may hold resume files that the job has dropped since. */
async function isCheckpointHere(path: string, manifest: CheckpointManifest): Promise<boolean> {
  const here = await readCheckpointFolder(path);
  return here.isComplete && here.manifest.id === manifest.id && here.manifest.hash === manifest.hash;
}
