import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { FileHash } from "../../core/dataset-manifest.js";
import type { BatchResult } from "../pipeline/record-batch.js";
import { withoutPlaces } from "../policies/policies.js";
import type { SplitRequest, SplitSettings } from "../split-settings.js";

const Count = z.int().nonnegative();

/** One of so many runs that share the work; `index` from 1. */
export const ShardPlace = z.object({ index: z.int().positive(), of: z.int().positive() });
export type ShardPlace = z.infer<typeof ShardPlace>;

/** `shard.json`: what a shard is of. Written last. */
export const ShardManifest = z.object({
  kind: z.literal("shard"),
  version: z.literal(1),
  createdBy: z.string(),
  shard: ShardPlace,
  inputs: z.array(FileHash.extend({ format: z.string() })),
  /** What the first record of each input looks like. */
  detections: z.array(z.object({ format: z.string(), by: z.string() })),
  /** Of all shards together; this one holds every `of`-th. */
  batches: Count,
  /** Of this shard; `trajectories` before ids, duplicates and the like are looked at. */
  records: Count,
  trajectories: Count,
  files: z.object({ settings: FileHash, outcomes: FileHash }),
});
export type ShardManifest = z.infer<typeof ShardManifest>;

export const SHARD_MANIFEST = "shard.json";
export const SETTINGS = "settings.bin";
export const OUTCOMES = "outcomes.bin";

/** A batch's outcomes as a shard keeps them; its rows are the frame's bytes. */
export interface ShardBatch {
  /** Among the batches of all shards, from 0. */
  number: number;
  /** Which input, from 0. */
  input: number;
  file: string;
  result: Omit<BatchResult, "bytes">;
}

/** What is the same for all shards of a split. */
export interface SharedBySplit {
  settings: SplitSettings;
  /** Of all files, relative to their inputs. */
  fileNames: string[];
}

/** What a run shall hold, without where and how it runs. */
export function settingsOf(request: SplitRequest): SplitSettings {
  const { inputs: _i, out: _o, isDryRun: _d, workers: _w, signal: _s, ...settings } = request;
  const { cwd: _c, stdin: _n, hub: _h, ...plain } = settings;
  return plain.policies === undefined ? plain : { ...plain, policies: withoutPlaces(plain.policies) };
}

/** Whether a folder is a shard and nothing besides. */
export async function isShard(path: string, names: string[]): Promise<boolean> {
  if (!names.every((name) => [SHARD_MANIFEST, SETTINGS, OUTCOMES].includes(name))) return false;
  try {
    const text = await readFile(join(path, SHARD_MANIFEST), "utf8");
    return ShardManifest.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}
