import type { Subset } from "../../core/roles.js";
import type { RecordFault } from "../input/record-text.js";

/** What a batch gives one of the reference's files. */
export interface CompatRows {
  /** Of the rows as they stand behind others, each with the comma before it. */
  sizeBytes: number;
  rows: number;
  /** Where in these bytes the prompt made last before this batch has to be put in; see `createRowRenderer`. */
  gaps: { at: number; entry: number }[];
  /** The prompt made last in this batch; null where none was made. */
  lastInput: Uint8Array | null;
  /** At which entry, and why, the reference stops. Nothing behind it counts. */
  failure: { entry: number; reason: string } | null;
}

export interface CompatResult {
  subsets: Record<Subset, CompatRows>;
  /** What is no record at all: it ends the run. */
  fault: (RecordFault & { entry: number }) | null;
}

/** Where the rows of a batch belong in one of the files. */
export interface CompatPlace {
  position: number;
  /** Nothing stands before them in the list. */
  isFirst: boolean;
  /** What fills the gaps. */
  lastInput: Uint8Array | null;
}

/** Null: they are not written. */
export type CompatPlaces = Record<Subset, CompatPlace | null>;
