import { isUtf8 } from "node:buffer";
import { SUBSETS, type Subset } from "../../core/roles.js";
import type { RecordFault } from "../input/record-text.js";
import { isStackOverflow, NESTED_TOO_DEEPLY } from "../nested-too-deeply.js";
import { type CutBatch, entriesOf } from "../pipeline/cut-batches.js";
import { GrowingBuffer } from "../rows/growing-buffer.js";
import { ByteList } from "./byte-list.js";
import { CompatRecord } from "./compat-record.js";
import { ReferenceFailure, toConversation } from "./conversation.js";
import type { CompatPrompts } from "./prompts-file.js";
import { isPlain, loads } from "./python-loads.js";
import { getKey, isDict, PythonJsonError, type PythonValue } from "./python-value.js";
import { createRowRenderer, type RowWriter } from "./subset-rows.js";

/** What a batch gives one of the reference's files. */
export interface CompatRows {
  /** Rows as they stand behind others, each with the comma before it. */
  bytes: Uint8Array;
  rows: number;
  /** Where in `bytes` the prompt made last before this batch has to be put in; see `createRowRenderer`. */
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

/**
 * Renders batches as the reference would, but for what one takes from those before it. The output is fourteen times the
 * input: memory that comes back in `spare` is used again, since new memory costs more than what is written to it.
 */
export function createCompatProcessor(
  prompts: CompatPrompts,
): (batch: CutBatch, spare: ArrayBuffer[]) => CompatResult {
  const list = new ByteList();
  const makers = SUBSETS.map((subset) => new RowsMaker(subset, prompts[subset]));
  return (batch, spare) => {
    let fault: CompatResult["fault"] = null;
    let index = 0;
    for (const entry of entriesOf(batch)) {
      if (!Buffer.isBuffer(entry)) {
        fault = { ...entry, entry: index };
        break;
      }
      const record = readRecord(entry, list);
      for (const maker of makers) maker.add(record, index);
      index += 1;
    }
    return { subsets: takeAll(makers, spare), fault };
  };
}

function takeAll(makers: readonly RowsMaker[], spare: ArrayBuffer[]): CompatResult["subsets"] {
  const taken = makers.map((maker) => [maker.subset, maker.take(spare.pop())]);
  return Object.fromEntries(taken) as CompatResult["subsets"];
}

/** What a result holds and gives back when it is written. */
export function buffersOf({ subsets }: CompatResult): Uint8Array[] {
  return Object.values(subsets).map(({ bytes }) => bytes);
}

/** The rows that a batch gives one subset. */
class RowsMaker implements RowWriter {
  private readonly out = new GrowingBuffer();
  private readonly renderer: ReturnType<typeof createRowRenderer>;
  private entry = 0;
  private rows = 0;
  private gaps: CompatRows["gaps"] = [];
  private failure: CompatRows["failure"] = null;

  constructor(
    readonly subset: Subset,
    template: string,
  ) {
    this.renderer = createRowRenderer(subset, template);
  }

  add(record: CompatRecord | ReferenceFailure, entry: number): void {
    if (this.failure !== null) return;
    this.entry = entry;
    try {
      if (record instanceof ReferenceFailure) throw record;
      this.rows += this.renderer.render(record, this);
    } catch (error) {
      if (!(error instanceof ReferenceFailure)) throw error;
      this.failure = { entry, reason: error.message };
    }
  }

  write(bytes: Uint8Array): void {
    this.out.copy(bytes);
  }

  leaveGap(): void {
    this.gaps.push({ at: this.out.length, entry: this.entry });
  }

  take(spare: ArrayBuffer | undefined): CompatRows {
    const { rows, gaps, failure } = this;
    const lastInput = this.renderer.takeLastInput();
    this.rows = 0;
    this.gaps = [];
    this.failure = null;
    return { bytes: this.out.take(spare), rows, gaps, failure, lastInput };
  }
}

/** The failure that stops the reference for all subsets, where it is no record to it. */
function readRecord(bytes: Buffer, list: ByteList): CompatRecord | ReferenceFailure {
  try {
    if (!isUtf8(bytes)) throw new ReferenceFailure("the text is not UTF-8");
    const value = loads(bytes.toString("utf8"), isWrittenAlike);
    return new CompatRecord(value, () => conversationOf(value), list);
  } catch (error) {
    if (error instanceof ReferenceFailure) return error;
    if (isStackOverflow(error)) return new ReferenceFailure(NESTED_TOO_DEEPLY.detail);
    if (error instanceof PythonJsonError) return new ReferenceFailure(error.message);
    throw error;
  }
}

/** Only what the rows repeat has to be kept as Python would. */
function isWrittenAlike(value: PythonValue): boolean {
  return isDict(value)
    ? isPlain(getKey(value, "tools") ?? null) && isPlain(getKey(value, "conversations") ?? null)
    : isPlain(value);
}

/** A record with chains is of the first stage, which the reference turns into the second. */
function conversationOf(record: PythonValue): PythonValue {
  if (!isDict(record)) throw new ReferenceFailure("the record is not an object");
  const conversation = getKey(record, "conversations");
  if (conversation !== undefined) return conversation;
  if (getKey(record, "chains") === undefined) {
    throw new ReferenceFailure(
      "neither conversations nor chains; --compat reads the reference's stage 1 or stage 2",
    );
  }
  return toConversation(record);
}
