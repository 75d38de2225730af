import { open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../core/ids.js";

/** What is known of a base model before anything is loaded. */
export interface ModelFacts {
  /** Equal for equal weights wherever they lie; a model of the Hub is known by its name. */
  identity: string;
  /** The longest text it takes, in tokens; null where that is not known here. */
  positions: number | null;
  /** Why it cannot be trained from. */
  problem: string | null;
}

const SAMPLE_BYTES = 1 << 20;

/** Looks at a model's folder; null where the model does not lie on this machine. */
export async function inspectModel(model: string, folder: string | null): Promise<ModelFacts> {
  if (folder === null) return { identity: model, positions: null, problem: null };
  let config: { max_position_embeddings?: unknown };
  try {
    config = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
  } catch {
    return { identity: model, positions: null, problem: `${folder} holds no readable config.json` };
  }
  const names = (await readdir(folder)).filter((name) =>
    /\.safetensors$|^(config|tokenizer)\.json$/.test(name),
  );
  if (!names.some((name) => name.endsWith(".safetensors"))) {
    return { identity: model, positions: null, problem: `${folder} holds no weights (*.safetensors)` };
  }
  const files = await Promise.all(
    names.sort().map(async (name) => [name, await sampleHash(join(folder, name))]),
  );
  const positions = config.max_position_embeddings;
  return {
    identity: `sha256:${sha256(files)}`,
    positions: typeof positions === "number" ? positions : null,
    problem: null,
  };
}

/** Size, beginning and end: training changes all of a file's tensors, and reading many gigabytes takes minutes. */
async function sampleHash(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const sample = async (position: number) => {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(SAMPLE_BYTES, size)), { position });
      return buffer.subarray(0, bytesRead).toString("base64");
    };
    return sha256([size, await sample(0), await sample(Math.max(0, size - SAMPLE_BYTES))]);
  } finally {
    await file.close();
  }
}
