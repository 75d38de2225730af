import { join } from "node:path";
import { sha256 } from "../../core/ids.js";
import { type ContentFile, readContent } from "./content-files.js";

const PACKAGES = ["mllm_trainer", "mllm_runner"];
const REQUIREMENTS = ["requirements.txt", "requirements-cuda.txt", "requirements-deepspeed.txt"];

export interface Kit {
  /** Over the paths and contents of all files. */
  hash: string;
  /** Names the virtual environment, which other kits with the same requirements share. */
  requirementsHash: string;
  files: ContentFile[];
}

/**
 * What runs on the job's machine. The trainer looks for the tiny model at `data/tiny` beside its own folder
 * `trainer`, so the kit keeps the places that both have in this package.
 */
export async function readKit(packageRoot: string, { hasTiny }: { hasTiny: boolean }): Promise<Kit> {
  const trainer = await readContent(
    join(packageRoot, "trainer"),
    (path) =>
      REQUIREMENTS.includes(path) || (path.endsWith(".py") && PACKAGES.includes(path.split("/")[0] ?? "")),
  );
  const tiny = hasTiny ? await readContent(join(packageRoot, "data/tiny")) : [];
  const files = [...below("trainer", trainer), ...below("data/tiny", tiny)];
  return {
    hash: sha256(files.map((file) => [file.path, file.sha256])),
    requirementsHash: sha256(
      trainer.filter(({ path }) => REQUIREMENTS.includes(path)).map((file) => [file.path, file.sha256]),
    ),
    files,
  };
}

function below(folder: string, files: ContentFile[]): ContentFile[] {
  return files.map((file) => ({ ...file, path: `${folder}/${file.path}` }));
}
