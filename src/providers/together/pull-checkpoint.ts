import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { CheckpointManifest } from "../../core/checkpoint.js";
import { readCheckpointFolder } from "../../core/checkpoint-folder.js";
import { MllmError, ProviderError } from "../../core/errors.js";
import type { JobSpec } from "../../core/job-spec.js";
import { makeFolder } from "../local/job-folder.js";
import type { JobHandle, ProviderCheckpoint, TransferProgress } from "../provider.js";
import { downloadArchive } from "./download-archive.js";
import { installArchive } from "./install-archive.js";
import { readJobRecord } from "./job-record.js";
import type { TogetherContext } from "./together-context.js";

/** Downloads the checkpoint's archive beside its folder, going on where an earlier call broke off, and installs it. */
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
  const archive = join(part, "archive");
  const query = toQuery(manifest.origin.checkpoint, { kind: manifest.kind, method: record.spec.method });
  await makeFolder(part);
  try {
    for await (const { bytes, totalBytes } of downloadArchive(context, { query, file: archive })) {
      yield { path, bytes, totalBytes };
    }
    await installArchive({ archive, folder: join(part, "files"), checkpoint, profile: record.profile });
  } catch (error) {
    // What cannot be unpacked could not the next time.
    if (error instanceof MllmError && error.code === "bad_checkpoint") await rm(part, { recursive: true });
    throw explainMissing(error, manifest.origin.checkpoint);
  }
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
