import { readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CheckpointManifest } from "../../core/checkpoint.js";
import { explainSystemError, MllmError } from "../../core/errors.js";
import { writeRecord } from "../local/job-folder.js";
import type { ProviderCheckpoint } from "../provider.js";
import { readContent } from "../remote/content-files.js";
import { unpackArchive } from "./unpack-archive.js";

interface Installation {
  archive: string;
  /** Where it is unpacked. */
  folder: string;
  checkpoint: ProviderCheckpoint;
  /** The profile's file, which goes beside the weights. */
  profile: string;
}

/**
 * Unpacks the archive and puts its weights in their place, the manifest last. The vendor names no hashes: those in the
 * manifest are of what came, and so is its kind.
 */
export async function installArchive({ archive, folder, checkpoint, profile }: Installation): Promise<void> {
  const { path, manifest } = checkpoint;
  await rm(folder, { recursive: true, force: true });
  await unpackArchive(archive, folder);
  const weights = await findWeights(folder);
  const kind = await tellKind(weights, manifest);
  await writeFile(join(weights, "profile.json"), profile);
  const content = await readContent(weights, (name) => name !== "checkpoint.json");
  const files = content.map(({ path: name, sizeBytes, sha256 }) => ({ path: name, sizeBytes, sha256 }));
  try {
    await rm(join(path, "checkpoint.json"), { force: true });
    await rm(path, { recursive: true, force: true });
    await rename(weights, path);
  } catch (error) {
    throw explainSystemError(error, path);
  }
  await writeRecord(join(path, "checkpoint.json"), { ...manifest, kind, files });
}

/** The archive's own folder, or the one folder in it. */
async function findWeights(folder: string): Promise<string> {
  for (let at = folder; ; ) {
    const entries = await readdir(at, { withFileTypes: true });
    const [only, ...others] = entries.filter(({ name }) => !name.startsWith("."));
    if (only === undefined || others.length > 0 || !only.isDirectory()) return at;
    at = join(at, only.name);
  }
}

/** Asked for one step, the vendor may choose between a merged model and an adapter itself. */
async function tellKind(
  folder: string,
  { id }: Pick<CheckpointManifest, "id">,
): Promise<CheckpointManifest["kind"]> {
  const has = async (name: string) => (await stat(join(folder, name)).catch(() => null)) !== null;
  if (await has("adapter_config.json")) return "adapter";
  if (await has("config.json")) return "full";
  throw new MllmError("bad_checkpoint", `the archive of ${id} holds neither a model nor an adapter`, {
    hint: "Pull again; where it stays so, tell the vendor.",
  });
}
