import { readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CheckpointManifest } from "../../core/checkpoint.js";
import { readCheckpointFolder } from "../../core/checkpoint-folder.js";
import { explainSystemError, MllmError, ProviderError } from "../../core/errors.js";
import type { JobSpec } from "../../core/job-spec.js";
import { makeFolder, writeRecord } from "../local/job-folder.js";
import type { JobHandle, ProviderCheckpoint, TransferProgress } from "../provider.js";
import { readContent } from "../remote/content-files.js";
import { downloadArchive } from "./download-archive.js";
import { readJobRecord } from "./job-record.js";
import type { TogetherContext } from "./together-context.js";
import { unpackArchive } from "./unpack-archive.js";

/**
 * Downloads the checkpoint's archive to `<path>.part`, unpacks it there, puts the profile beside the weights and the
 * folder in its place; the manifest is written last. The vendor names no hashes: those in the manifest are of what came.
 */
export async function* pullCheckpoint(
  context: TogetherContext,
  job: JobHandle,
  checkpoint: ProviderCheckpoint,
): AsyncGenerator<TransferProgress> {
  const { path, manifest } = checkpoint;
  const here = await readCheckpointFolder(path);
  if (here.isComplete && here.manifest.hash === manifest.hash && here.manifest.files.length > 0) return;
  const record = await readJobRecord(job);
  if (record === null || manifest.origin === null) {
    throw new MllmError("not_found", `${path} is not a checkpoint that Together made for this job`);
  }
  // Of this very checkpoint: another attempt's may lie beside it.
  const part = `${path}.${manifest.hash.slice(0, 8)}.part`;
  await makeFolder(part);
  const archive = join(part, "archive");
  const query = toQuery(manifest.origin.checkpoint, { kind: manifest.kind, method: record.spec.method });
  try {
    for await (const { bytes, totalBytes } of downloadArchive(context, { query, file: archive })) {
      yield { path, bytes, totalBytes };
    }
  } catch (error) {
    throw explainMissing(error, manifest.origin.checkpoint);
  }
  const files = join(part, "files");
  await rm(files, { recursive: true, force: true });
  try {
    await unpackArchive(archive, files);
  } catch (error) {
    // What is broken would be broken again.
    if (error instanceof MllmError && error.code === "bad_checkpoint") await rm(part, { recursive: true });
    throw error;
  }
  const folder = await findWeights(files);
  await refuseOther(folder, checkpoint);
  await writeFile(join(folder, "profile.json"), record.profile);
  const listed = await readContent(folder, (name) => name !== "checkpoint.json");
  await putInPlace(folder, path);
  await writeRecord(join(path, "checkpoint.json"), {
    ...manifest,
    files: listed.map(({ path: name, sizeBytes, sha256 }) => ({ path: name, sizeBytes, sha256 })),
  });
  await rm(part, { recursive: true, force: true });
}

/** The kind is asked for with a step, too, as the vendor's own client does; the specification says it is not heeded then. */
function toQuery(
  name: string,
  { kind, method }: Pick<CheckpointManifest, "kind"> & Pick<JobSpec, "method">,
): Record<string, string> {
  const [id = "", step] = name.split(":");
  const merged = method === "lora" ? "merged" : "model_output_path";
  const query = { ft_id: id, checkpoint: kind === "adapter" ? "adapter" : merged };
  return step === undefined ? query : { ...query, checkpoint_step: step };
}

function explainMissing(error: unknown, name: string): unknown {
  if (!(error instanceof ProviderError) || error.statusCode !== 404) return error;
  return new ProviderError("together", `the checkpoint ${name} is not there any more`, {
    code: "not_found",
    hint: "Another checkpoint of the job may still be: `mllm checkpoints list`.",
    statusCode: 404,
    cause: error,
  });
}

/** The folder with the weights: the archive's own, or the one folder in it. */
async function findWeights(folder: string): Promise<string> {
  for (let at = folder; ; ) {
    const entries = await readdir(at, { withFileTypes: true });
    const [only, ...others] = entries.filter(({ name }) => !name.startsWith("."));
    if (only === undefined || others.length > 0 || !only.isDirectory()) return at;
    at = join(at, only.name);
  }
}

/** What the job's method promises has to be what came. */
async function refuseOther(folder: string, { path, manifest }: ProviderCheckpoint): Promise<void> {
  const has = async (name: string) => (await stat(join(folder, name)).catch(() => null)) !== null;
  const isAdapter = await has("adapter_config.json");
  const isModel = await has("config.json");
  if (manifest.kind === "adapter" ? isAdapter : isModel && !isAdapter) return;
  const found = isAdapter ? "an adapter" : isModel ? "a whole model" : "neither a model nor an adapter";
  throw new MllmError(
    "bad_checkpoint",
    `the archive of ${manifest.id} holds ${found}, expected ${manifest.kind}`,
    {
      hint: `It lies unpacked in ${path}.*.part/files.`,
    },
  );
}

async function putInPlace(folder: string, path: string): Promise<void> {
  try {
    await rm(join(path, "checkpoint.json"), { force: true });
    await rm(path, { recursive: true, force: true });
    await rename(folder, path);
  } catch (error) {
    throw explainSystemError(error, path);
  }
}
