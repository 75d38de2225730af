import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DatasetManifest, type FileHash } from "../core/dataset-manifest.js";
import { MllmError } from "../core/errors.js";
import { sha256 } from "../core/ids.js";

export interface Dataset {
  /** Absolute. */
  folder: string;
  manifest: DatasetManifest;
  /** The profile's placeholder for the end of a turn. */
  endOfTurn: string;
}

const AGAIN = "Run `mllm split-data <input...> --out DIR` again, and wait for it to end.";

/** Opens a folder that `mllm split-data` wrote; a folder without a whole manifest and all its files is refused. */
export async function openDataset(path: string): Promise<Dataset> {
  const folder = resolve(path);
  const manifest = await readManifest(folder);
  for (const file of filesOf(manifest)) {
    const found = await stat(join(folder, file.path)).catch(() => null);
    if (found?.size !== file.sizeBytes) {
      const state = found === null ? "is missing" : `has ${found.size} bytes instead of ${file.sizeBytes}`;
      throw new MllmError("bad_dataset", `${join(folder, file.path)} ${state}: the data set is damaged`, {
        hint: AGAIN,
      });
    }
  }
  const profilePath = join(folder, manifest.profile.path);
  const profile = await readFile(profilePath, "utf8").catch(() => "");
  if (sha256(profile) !== manifest.profile.sha256) {
    throw new MllmError("bad_dataset", `${profilePath} is missing or was changed after the split`, {
      hint: AGAIN,
    });
  }
  const { endOfTurn } = JSON.parse(profile) as { endOfTurn: string };
  return { folder, manifest, endOfTurn };
}

function filesOf({ subsets, tests = {} }: DatasetManifest): FileHash[] {
  const rows = Object.values(subsets).flatMap(({ train, validation, tests: held = {} }) => [
    ...[train, ...(validation === null ? [] : [validation])],
    ...Object.values(held),
  ]);
  return [...rows, ...Object.values(tests)];
}

async function readManifest(folder: string): Promise<DatasetManifest> {
  const path = join(folder, "manifest.json");
  const text = await readFile(path, "utf8").catch(async () => {
    const isFolder = (await stat(folder).catch(() => null))?.isDirectory() === true;
    throw new MllmError(
      "bad_dataset",
      isFolder
        ? `${folder} holds no manifest.json: not a data set, or one that was never finished`
        : `${folder} is no folder`,
      { hint: "--data expects a folder made by `mllm split-data <input...> --out DIR`." },
    );
  });
  try {
    return DatasetManifest.parse(JSON.parse(text));
  } catch (cause) {
    throw new MllmError("bad_dataset", `${path} is not a data set manifest this version can read`, {
      hint: AGAIN,
      cause,
    });
  }
}
