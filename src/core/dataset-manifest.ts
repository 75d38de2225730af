import { z } from "zod";
import { SUBSETS } from "./roles.js";

const Count = z.int().nonnegative();
const Reasons = z.record(z.string(), Count);
const Hash = z.string().regex(/^[0-9a-f]{64}$/);

export const FileHash = z.object({ path: z.string(), sizeBytes: Count, sha256: Hash });
export type FileHash = z.infer<typeof FileHash>;

/** Counts of one written file of examples; `characters` are UTF-16 code units of all segments, `trainedCharacters` of the trained ones. */
const ExampleFile = FileHash.extend({
  rows: Count,
  segments: Count,
  trainedSegments: Count,
  characters: Count,
  trainedCharacters: Count,
});

const SubsetCounts = z.object({
  train: ExampleFile,
  /** null when no validation share was asked for. */
  validation: ExampleFile.nullable(),
  /** candidates = train.rows + validation.rows + the sum of leftOut. */
  candidates: Count,
  leftOut: Reasons,
});
export type SubsetCounts = z.infer<typeof SubsetCounts>;

/** `manifest.json` of a data folder. Written last; holds no times, so that equal inputs give equal bytes. */
export const DatasetManifest = z.object({
  kind: z.literal("dataset"),
  version: z.literal(1),
  createdBy: z.string(),
  /** SHA-256 over the profile's hash and the hashes of the subset files: the identity of the data set. */
  hash: Hash,
  inputs: z.array(FileHash.extend({ format: z.string(), records: Count })),
  options: z.record(z.string(), z.unknown()),
  profile: z.object({ name: z.string(), path: z.string(), sha256: Hash }),
  /** read = used + excluded + the sum of rejected. A record of several trajectories counts as so many. */
  records: z.object({ read: Count, used: Count, excluded: Count, rejected: Reasons }),
  trajectories: z.object({ train: Count, validation: Count }),
  /** Turns kept as context but not trained, by reason. */
  untrainedTurns: Reasons,
  subsets: z.record(z.enum(SUBSETS), SubsetCounts),
  warnings: z.array(z.string()),
});
export type DatasetManifest = z.infer<typeof DatasetManifest>;
