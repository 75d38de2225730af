import { findReader } from "../formats.js";
import { isStackOverflow, NESTED_TOO_DEEPLY } from "../nested-too-deeply.js";
import { parseRecord } from "../parse-record.js";
import type { Reader, ReadPart, ReadResult, RecordPlace } from "../readers/reader.js";
import { recognizeOther } from "../recognize-other.js";
import { withCategory } from "../sides/record-category.js";
import { entriesOf } from "./cut-batches.js";
import type { RecordBatch } from "./record-batch.js";

/** One record, or one of the trajectories of a record, and what its format's reader made of it. */
export interface ReadRecord {
  result: ReadResult;
  /** The parsed record, or its text where it could not be parsed. */
  value: unknown;
  place: RecordPlace;
}

export function* readEntries(batch: RecordBatch, readers: readonly Reader[]): Generator<ReadRecord> {
  const reader = batch.format === null ? null : findReader(readers, batch.format);
  let index = 0;
  for (const entry of entriesOf(batch)) {
    const place = { file: batch.file, index: batch.firstIndex + index };
    const isUnknown = reader === null || index < batch.unknownEntries;
    index += 1;
    if (!Buffer.isBuffer(entry)) {
      const { reason, detail, text } = entry;
      yield { result: { kind: "rejected", reason, detail }, value: text, place };
      continue;
    }
    const { value, fault } = parseRecord(entry);
    if (fault !== null) yield { result: { kind: "rejected", ...fault }, value, place };
    else if (isUnknown) yield { result: unknown(value), value, place };
    else yield* interpret(reader, value, place);
  }
}

/** What comes before the first known record belongs to no format. */
function unknown(value: unknown): ReadResult {
  const other = recognizeOther(value);
  const looks = other === null ? "" : `; it looks like ${other.what}`;
  return { kind: "rejected", reason: "unknown_format", detail: `no format knows this record${looks}` };
}

function* interpret(reader: Reader, value: unknown, place: RecordPlace): Generator<ReadRecord> {
  const read = readSafely(reader, value, place);
  if (!Array.isArray(read)) return yield { result: withCategory(read, value), value, place };
  for (const [part, each] of read.entries()) {
    yield { value: each.value, result: withCategory(each.result, value), place: { ...place, part } };
  }
}

/** What the reader says; a record that is nested too deeply is rejected like any other. */
export function readSafely(reader: Reader, record: unknown, place: RecordPlace): ReadResult | ReadPart[] {
  try {
    return reader.read(record, place);
  } catch (error) {
    if (!isStackOverflow(error)) throw error;
    return { kind: "rejected", ...NESTED_TOO_DEEPLY };
  }
}
