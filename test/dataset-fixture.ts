import type { DatasetManifest } from "../src/core/dataset-manifest.js";
import { SUBSETS } from "../src/core/roles.js";

/** A data set manifest of so many rows of 1,000 characters a subset, of which a tenth are trained. */
export function createManifest(rows: number): DatasetManifest {
  const hash = "0".repeat(64);
  const file = (path: string, count: number) => ({
    path,
    sizeBytes: 0,
    sha256: hash,
    rows: count,
    segments: 2 * count,
    trainedSegments: count,
    characters: 1000 * count,
    trainedCharacters: 100 * count,
  });
  const subsets = SUBSETS.map((subset) => [
    subset,
    { train: file(`${subset}.jsonl`, rows), validation: null, candidates: rows, leftOut: {} },
  ]);
  return {
    kind: "dataset",
    version: 1,
    createdBy: "mllm 0.0.0",
    hash,
    inputs: [],
    options: {},
    profile: { name: "thread", path: "profile.json", sha256: hash },
    records: { read: rows, used: rows, excluded: 0, rejected: {} },
    trajectories: { train: rows, validation: 0 },
    untrainedTurns: {},
    subsets: Object.fromEntries(subsets) as DatasetManifest["subsets"],
    warnings: [],
  };
}
