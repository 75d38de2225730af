import type { RecordFault, RecordText } from "../input/record-text.js";
import { GrowingBuffer } from "../rows/growing-buffer.js";

/** Consecutive records of one file, as one message to whoever reads them. */
export interface CutBatch {
  /** Relative to its input. */
  file: string;
  /** In the file, of the first entry. */
  firstIndex: number;
  /** JSON texts, one behind the other. */
  bytes: Uint8Array;
  /** Where in `bytes` each record ends; or what stands in its place. */
  entries: (number | RecordFault)[];
}

/** Large enough that a message costs little beside its work, small enough that many are under way at once. */
const BATCH_BYTES = 512 * 1024;
const BATCH_RECORDS = 1000;

export async function* cutBatches(
  file: string,
  texts: AsyncIterable<RecordText>,
  batchBytes = BATCH_BYTES,
): AsyncGenerator<CutBatch> {
  const bytes = new GrowingBuffer();
  let entries: CutBatch["entries"] = [];
  let firstIndex = 0;
  const take = (): CutBatch => {
    const batch = { file, firstIndex, bytes: bytes.take(), entries };
    firstIndex += entries.length;
    entries = [];
    return batch;
  };
  for await (const text of texts) {
    if (text.kind === "record") bytes.copy(text.bytes);
    entries.push(text.kind === "record" ? bytes.length : text);
    if (bytes.length >= batchBytes || entries.length === BATCH_RECORDS) yield take();
  }
  if (entries.length > 0) yield take();
}

/** The records of a batch, or what stands in their place. */
export function* entriesOf({ bytes, entries }: CutBatch): Generator<Buffer | RecordFault> {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let start = 0;
  for (const entry of entries) {
    if (typeof entry !== "number") yield entry;
    else {
      yield all.subarray(start, entry);
      start = entry;
    }
  }
}
