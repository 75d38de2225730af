import type { Subset } from "../../core/roles.js";
import type { Fingerprint } from "../policies/duplicates.js";
import type { Format, RecordPlace } from "../readers/reader.js";
import type { Span } from "../rows/growing-buffer.js";
import type { RowList } from "../rows/row-list.js";
import type { Traits } from "../sides/side.js";
import type { CutBatch } from "./cut-batches.js";

/** Records and how to read them. */
export interface RecordBatch extends CutBatch {
  /** Null while no record was of a known format. */
  format: Format | null;
  /** So many entries at the beginning come before the first record of a known format. */
  unknownEntries: number;
}

/** What became of one record, or of one of its trajectories. `sourceId` is undefined where it was not read so far. */
export type Outcome =
  | { kind: "skipped"; reason: string }
  /** `record` is the JSON of what stood there. */
  | { kind: "rejected"; reason: string; detail: string; record: string; sourceId?: string | null }
  | {
      kind: "trajectory";
      sourceId: string | null;
      instruction: string;
      hasTools: boolean;
      /** Turns that are no part of a step, or context only, by reason; absent like the next two where there are none. */
      untrained?: Record<string, number>;
      /** What was changed, by what. */
      repairs?: Record<string, number>;
      /** Why a subset gets no row, or less of them. */
      leftOut?: Partial<Record<Subset, string[]>>;
      fingerprint: Fingerprint;
      rows: RowList;
      kept?: KeptTrajectory;
    };

/** The trajectory itself, for tests and shares that depend on more than the instruction. */
export interface KeptTrajectory {
  traits: Traits;
  /** Where the bytes hold it, from behind its id to the end of the line. */
  recorded: Span;
}

/** Where an outcome belongs: the record's index in its file, and which of its trajectories. */
type OutcomePlace = Omit<RecordPlace, "file">;

/** At least one outcome for each entry, in their order; `bytes` holds the rows that they name. */
export interface BatchResult {
  outcomes: (Outcome & { place: OutcomePlace })[];
  bytes: Uint8Array;
}
