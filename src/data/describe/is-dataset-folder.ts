import { stat } from "node:fs/promises";
import { join } from "node:path";

/** Whether a folder was meant to be a data set, be it whole or damaged: rows of the backbone, or a manifest beside a profile. */
export async function isDatasetFolder(folder: string): Promise<boolean> {
  const has = async (name: string) => (await stat(join(folder, name)).catch(() => null))?.isFile() === true;
  if (await has("backbone.jsonl")) return true;
  return (await has("manifest.json")) && (await has("profile.json"));
}
