import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatasetManifest } from "../core/dataset-manifest.js";
import { TEST_SIDES } from "../core/test-sides.js";

const DATASET_NAMES = new Set([
  "manifest.json",
  "profile.json",
  "rejected.jsonl",
  "validation",
  ...TEST_SIDES,
  "backbone.jsonl",
  "planner.jsonl",
  "caller.jsonl",
  "summarizer.jsonl",
]);

/** Whether a folder is a data set and nothing besides. */
export async function isDataset(path: string, names: string[]): Promise<boolean> {
  if (!names.every((name) => DATASET_NAMES.has(name))) return false;
  try {
    return DatasetManifest.safeParse(JSON.parse(await readFile(join(path, "manifest.json"), "utf8"))).success;
  } catch {
    return false;
  }
}
