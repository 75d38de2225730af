import type { LoadedProfile } from "../prompts/load-profile.js";
import type { ExcludedIds } from "./exclude-ids.js";
import type { InputPlace } from "./input/find-inputs.js";
import type { Policies } from "./policies/policies.js";
import type { Format, ReaderOptions } from "./readers/reader.js";
import type { TestOptions } from "./sides/side.js";

/** All that decides, beside the records, what a data set holds. Plain data: it goes into shards. */
export interface SplitSettings {
  format?: Format;
  readers?: ReaderOptions;
  policies?: Policies;
  excludedIds: ExcludedIds;
  /** Use at most so many trajectories. */
  limit: number | null;
  /** Share of the trajectories, from 0 to below 1. */
  validation: number;
  seed: number;
  /** What is held out besides validation; without it, nothing. */
  sides?: TestOptions;
  isStrict: boolean;
  /** Stop when more records than this have been rejected. */
  maxErrors: number | null;
  createdBy: string;
  profile: LoadedProfile;
}

export interface SplitRequest extends InputPlace, SplitSettings {
  /** Paths, `-`, https:// and hf:// addresses. */
  inputs: string[];
  /** The folder of the data set, as the user wrote it. */
  out: string;
  /** Counts, writes nothing. */
  isDryRun: boolean;
  /** Threads that read beside this one, 0 for none, null for what suits the input. Changes only the time it takes. */
  workers: number | null;
  signal: AbortSignal;
}
