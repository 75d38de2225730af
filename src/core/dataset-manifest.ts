import { z } from "zod";
import { SUBSETS } from "./roles.js";
import { TEST_SIDES } from "./test-sides.js";

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

/** What is held out from training besides the validation rows: new instructions, new tools, new categories of tools. */
export type TestSide = (typeof TEST_SIDES)[number];
export type Side = "train" | "validation" | TestSide;

const SubsetCounts = z.object({
  train: ExampleFile,
  /** null when no validation share was asked for. */
  validation: ExampleFile.nullable(),
  /** Absent when no test was asked for. */
  tests: z.partialRecord(z.enum(TEST_SIDES), ExampleFile).optional(),
  /** candidates = the rows of all sides + the sum of leftOut. */
  candidates: Count,
  leftOut: Reasons,
});
export type SubsetCounts = z.infer<typeof SubsetCounts>;

/** The trajectories of a test side themselves; `unseen` are the tools or categories that training does not know. */
const TrajectoryFile = FileHash.extend({ trajectories: Count, unseen: z.array(z.string()).optional() });
export type TrajectoryFile = z.infer<typeof TrajectoryFile>;

/** `manifest.json` of a data folder. Written last; holds no times, so that equal inputs give equal bytes. */
export const DatasetManifest = z.object({
  kind: z.literal("dataset"),
  version: z.literal(1),
  createdBy: z.string(),
  /**
   * SHA-256 over the profile's hash and the hashes of the training and validation files: what a training job knows the
   * data set by. Tests are not in it: they change nothing that is trained.
   */
  hash: Hash,
  inputs: z.array(FileHash.extend({ format: z.string(), records: Count })),
  options: z.record(z.string(), z.unknown()),
  profile: z.object({ name: z.string(), path: z.string(), sha256: Hash }),
  /** read = used + excluded + the sum of rejected. A record of several trajectories counts as so many. */
  records: z.object({ read: Count, used: Count, excluded: Count, rejected: Reasons }),
  /** Records left out by design, by reason; they come to `records.excluded`. Absent in manifests of earlier versions. */
  excluded: Reasons.optional(),
  /** Of a test only where it was asked for. */
  trajectories: z.object({
    ...{ train: Count, validation: Count },
    ...{ test: Count.optional(), "test-unseen-tools": Count.optional() },
    "test-unseen-categories": Count.optional(),
  }),
  /** Turns kept as context but not trained, by reason. */
  untrainedTurns: Reasons,
  /** What was changed in trajectories that are used, by what: calls whose arguments were mended or came together, and so on. */
  repairs: Reasons.optional(),
  subsets: z.record(z.enum(SUBSETS), SubsetCounts),
  tests: z.partialRecord(z.enum(TEST_SIDES), TrajectoryFile).optional(),
  warnings: z.array(z.string()),
});
export type DatasetManifest = z.infer<typeof DatasetManifest>;
