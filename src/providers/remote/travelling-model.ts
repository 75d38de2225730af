import { readFile } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import { readCheckpointFolder } from "../../core/checkpoint-folder.js";
import { MllmError, ProviderError } from "../../core/errors.js";
import { sha256 } from "../../core/ids.js";
import type { Submission } from "../provider.js";
import type { StoredInput } from "../storage.js";
import { readContent } from "./content-files.js";
import { layout } from "./layout.js";

/** A job's `model` where the job runs. Paths are the storage's. */
export interface TravellingModel {
  /** Null: not a file, the name says it all (`tiny`, a Hugging Face id). */
  path: string | null;
  /** What has to be uploaded for it. */
  inputs: StoredInput[];
  /** Files and folders of the storage that the job reads. */
  needs: string[];
}

/** Where files lie: in this package, and on the job's machine. */
interface Places {
  packageRoot: string;
  root: string;
}

/** Where the parent checkpoint or the base model lies for the job, and what has to travel for that. */
export async function findModel(submission: Submission, places: Places): Promise<TravellingModel> {
  const { spec, parentJob } = submission;
  if (spec.parent === null) return findBaseModel(spec.model);
  if (spec.parent.hash === null) {
    if (parentJob === null) {
      throw new ProviderError("remote", `the parent of ${spec.jobId} has not ended and has no job here`, {
        code: "no_backbone",
        hint: "Train the backbone first, or at the same provider.",
      });
    }
    const folder = layout.job(parentJob.name);
    return withBase(spec.baseModel, { path: folder, inputs: [], needs: [folder] });
  }
  const reused = parentJob === null ? null : checkpointOf(parentJob, spec.model);
  if (reused !== null) return withBase(spec.baseModel, { path: reused, inputs: [], needs: [reused] });
  const uploaded = await uploadCheckpoint(spec.model, spec.parent.hash);
  return uploaded.isAdapter ? withBaseOf(uploaded, { spec, ...places }) : uploaded;
}

/** An adapter names its base by the path that it had where it was trained; here it goes to another place. */
async function withBaseOf(
  adapter: TravellingModel,
  { spec, packageRoot, root }: Places & Pick<Submission, "spec">,
): Promise<TravellingModel> {
  const folder = spec.baseModel === "tiny" ? join(packageRoot, "data/tiny") : spec.baseModel;
  const base = await findBaseModel(folder);
  if (base.path === null) return adapter;
  const inputs: StoredInput[] = [...base.inputs];
  for (const input of adapter.inputs) {
    if (!("file" in input) || !input.path.endsWith("/adapter_config.json")) inputs.push(input);
    else {
      const config = JSON.parse(await readFile(input.file, "utf8")) as Record<string, unknown>;
      const text = JSON.stringify({ ...config, base_model_name_or_path: `${root}/${base.path}` }, null, 2);
      inputs.push({ path: input.path, text, sizeBytes: Buffer.byteLength(text) });
    }
  }
  return { ...adapter, inputs, needs: [...base.needs, ...adapter.needs] };
}

/** Should the parent be an adapter: its base lies where the parent's job had it. */
async function withBase(baseModel: string, model: TravellingModel): Promise<TravellingModel> {
  const base = await findBaseModel(baseModel);
  return {
    ...model,
    inputs: [...base.inputs, ...model.inputs],
    needs: [...base.needs, ...model.needs],
  };
}

async function findBaseModel(model: string): Promise<TravellingModel> {
  if (!isAbsolute(model)) return { path: null, inputs: [], needs: [] };
  const files = await readContent(model);
  const path = layout.model(sha256(files.map((file) => [file.path, file.sha256])));
  const inputs = files.map((each) => ({
    path: `${path}/${each.path}`,
    file: each.file,
    sizeBytes: each.sizeBytes,
  }));
  return { path, inputs, needs: [path] };
}

/** The same folder in the job's place of the storage; null where the checkpoint is not that job's. */
function checkpointOf(job: { name: string; outputDir: string }, folder: string): string | null {
  const path = relative(job.outputDir, folder).replaceAll("\\", "/");
  return path === "" || path.startsWith("..") || isAbsolute(path) ? null : `${layout.job(job.name)}/${path}`;
}

/** Without what only its own job needs to resume. Its files have to be what the manifest says, as others will trust the name. */
async function uploadCheckpoint(
  folder: string,
  hash: string,
): Promise<TravellingModel & { isAdapter: boolean }> {
  const found = await readCheckpointFolder(folder);
  if (!found.isComplete) throw badCheckpoint(folder, found.problem);
  const { manifest } = found;
  const wanted = new Map(manifest.files.map((file) => [file.path, file.sha256]));
  const files = await readContent(folder, (path) => wanted.has(path));
  const damaged = files.find((file) => wanted.get(file.path) !== file.sha256);
  if (damaged !== undefined) throw badCheckpoint(folder, `${damaged.file} is not what its manifest says`);
  if (manifest.hash !== hash) throw badCheckpoint(folder, `it has the hash ${manifest.hash}, not ${hash}`);
  const path = layout.checkpoint(hash);
  const inputs: StoredInput[] = files.map((each) => ({
    path: `${path}/${each.path}`,
    file: each.file,
    sizeBytes: each.sizeBytes,
  }));
  const text = `${JSON.stringify({ ...manifest, resumeFiles: [] }, null, 2)}\n`;
  inputs.push({ path: `${path}/checkpoint.json`, text, sizeBytes: Buffer.byteLength(text) });
  return { path, inputs, needs: [path], isAdapter: manifest.kind === "adapter" };
}

function badCheckpoint(folder: string, problem: string): MllmError {
  return new MllmError("bad_checkpoint", `the parent checkpoint ${folder} cannot be sent: ${problem}`, {
    hint: "mllm checkpoints verify shows what is damaged; train it again, or name another one.",
  });
}
