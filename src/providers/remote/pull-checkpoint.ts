import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { CheckpointManifest } from "../../core/checkpoint.js";
import { isOutside, readCheckpointFolder } from "../../core/checkpoint-folder.js";
import type { FileHash } from "../../core/dataset-manifest.js";
import { explainSystemError, MllmError } from "../../core/errors.js";
import type { JobHandle, ProviderCheckpoint, TransferProgress } from "../provider.js";
import type { Storage } from "../storage.js";
import { hashFile } from "./content-files.js";
import { layout } from "./layout.js";

/** Brings a checkpoint of a job from where its folder lies. */
export function pullCheckpoint(
  storage: Storage,
  job: JobHandle,
  { path, manifest }: ProviderCheckpoint,
): AsyncGenerator<TransferProgress> {
  const source = `${layout.job(job.name)}/checkpoints/${basename(path)}`;
  return pullFiles(storage, { source, path, manifest });
}

/**
 * Brings what is lacking from a folder of a storage, file by file: a broken download lies in `<file>.part` and goes on
 * there. Progress counts the whole checkpoint's bytes.
 */
export async function* pullFiles(
  storage: Storage,
  { source, path, manifest }: { source: string; path: string; manifest: CheckpointManifest },
): AsyncGenerator<TransferProgress> {
  const files = [...manifest.files, ...manifest.resumeFiles];
  const outside = files.find((file) => isOutside(file.path));
  if (outside !== undefined) throw badFile(`${path} names a file outside its folder: ${outside.path}`);
  const target = await prepareFolder(path, manifest.hash);
  const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let before = 0;
  for (const file of files) {
    const local = join(path, file.path);
    for await (const bytes of pullFile(storage, { source: `${source}/${file.path}`, target: local, file })) {
      yield { path: local, bytes: before + bytes, totalBytes };
    }
    before += file.sizeBytes;
    yield { path: local, bytes: before, totalBytes };
  }
  await writeManifest(target, manifest);
}

/** The manifest's path. One of another checkpoint goes first: what is here meanwhile is not complete. */
async function prepareFolder(path: string, hash: string): Promise<string> {
  const manifest = join(path, "checkpoint.json");
  const here = await readCheckpointFolder(path);
  try {
    if (!here.isComplete || here.manifest.hash !== hash) await rm(manifest, { force: true });
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw explainSystemError(error, path);
  }
  return manifest;
}

interface FileTransfer {
  /** In the storage. */
  source: string;
  /** On this machine. */
  target: string;
  file: FileHash;
}

/** Yields how many bytes of the file are here. */
async function* pullFile(storage: Storage, transfer: FileTransfer): AsyncGenerator<number> {
  const { target, file } = transfer;
  if (await isFile(target, file)) return;
  const part = `${target}.part`;
  await mkdir(dirname(target), { recursive: true });
  const earlier = (await sizeOf(part)) ?? 0;
  if (earlier > file.sizeBytes) await rm(part);
  yield* download(storage, transfer);
  if (!(await isFile(part, file))) {
    await rm(part, { force: true });
    // What an earlier call left may have been of another checkpoint.
    if (earlier > 0) yield* download(storage, transfer);
    if (!(await isFile(part, file))) {
      await rm(part, { force: true });
      throw badFile(`${transfer.source} is not what its manifest says`);
    }
  }
  await rename(part, target);
}

async function* download(storage: Storage, { source, target }: FileTransfer): AsyncGenerator<number> {
  const part = `${target}.part`;
  let bytes = (await sizeOf(part)) ?? 0;
  // An empty file yields nothing, and is a file all the same.
  await writeFile(part, "", { flag: "a" });
  for await (const count of storage.download(source, part)) {
    bytes += count;
    yield bytes;
  }
}

async function isFile(path: string, file: FileHash): Promise<boolean> {
  return (await sizeOf(path)) === file.sizeBytes && (await hashFile(path)).sha256 === file.sha256;
}

/** Null where there is none. */
async function sizeOf(path: string): Promise<number | null> {
  return (await stat(path).catch(() => null))?.size ?? null;
}

async function writeManifest(path: string, manifest: ProviderCheckpoint["manifest"]): Promise<void> {
  const temporary = `${path}.part`;
  try {
    await writeFile(temporary, `${JSON.stringify(manifest, null, 2)}\n`, { flush: true });
    await rename(temporary, path);
  } catch (error) {
    throw explainSystemError(error, path);
  }
}

function badFile(message: string): MllmError {
  return new MllmError("bad_checkpoint", message, {
    hint: "Run the command again; if it says the same, the checkpoint is damaged where the job ran.",
  });
}
