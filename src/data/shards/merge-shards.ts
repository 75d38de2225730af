import { join } from "node:path";
import { MllmError } from "../../core/errors.js";
import { DatasetOutput, type OutputPlace } from "../dataset-output.js";
import type { Detection } from "../detect-format.js";
import type { SplitEvent } from "../split-dataset.js";
import { FrameReader } from "./frame-file.js";
import { broken, openShards, type Shard } from "./open-shards.js";
import { OUTCOMES, type ShardBatch } from "./shard-manifest.js";

interface MergeRequest extends OutputPlace {
  /** Folders, as the user wrote them, in any order. */
  shards: string[];
  createdBy: string;
  signal: AbortSignal;
}

/** Writes the very data set that one run would have written: what records come to is taken in their order. */
export async function* mergeShards(request: MergeRequest): AsyncGenerator<SplitEvent> {
  const shards = await openShards(request.shards, request.cwd, request.createdBy);
  const [{ manifest: shown, shared }] = shards as [Shard];
  const output = await DatasetOutput.create(request, shared.settings, shared.fileNames);
  const { builder } = output;
  const progress = { bytesRead: 0, bytesTotal: totalBytes(shards) };
  const started = { inputs: 0 };
  const startInputs = (until: number) => {
    for (; started.inputs < until; started.inputs += 1)
      builder.startInput(shown.inputs[started.inputs]?.path ?? "");
  };
  try {
    for await (const { batch, bytes } of batchesOf(shards, shown.batches)) {
      if (request.signal.aborted) throw new MllmError("interrupted", "interrupted; nothing was written");
      startInputs(batch.input + 1);
      await builder.add(batch, { ...batch.result, bytes });
      progress.bytesRead += bytes.length;
      yield { type: "progress", records: builder.read, used: builder.used, ...progress };
    }
    startInputs(shown.inputs.length);
    builder.detections = shown.detections as Detection[];
    yield { type: "done", manifest: await output.finish(shown.inputs) };
  } finally {
    await output.discard();
  }
}

/** Batch 0 is in the first shard, batch 1 in the second, and so on around. */
async function* batchesOf(
  shards: Shard[],
  count: number,
): AsyncGenerator<{ batch: ShardBatch; bytes: Uint8Array }> {
  const readers: FrameReader<ShardBatch>[] = [];
  try {
    for (const { folder, shownPath } of shards)
      readers.push(await FrameReader.open(join(folder, OUTCOMES), join(shownPath, OUTCOMES)));
    for (let number = 0; number < count; number += 1) {
      const at = number % shards.length;
      const frame = await nextFrame(readers[at] as FrameReader<ShardBatch>, shards[at] as Shard);
      if (frame.message.number !== number) throw damaged(shards[at] as Shard);
      yield { batch: frame.message, bytes: frame.bytes };
    }
    for (const [at, shard] of shards.entries()) {
      if (readers[at]?.digest() !== shard.manifest.files.outcomes.sha256) throw damaged(shard);
    }
  } finally {
    for (const reader of readers) await reader.close();
  }
}

async function nextFrame(reader: FrameReader<ShardBatch>, shard: Shard) {
  try {
    const frame = await reader.next();
    if (frame !== null) return frame;
  } catch (error) {
    if (error instanceof MllmError) throw error;
  }
  throw damaged(shard);
}

function damaged({ shownPath }: Shard): MllmError {
  return broken(shownPath, `is damaged: ${OUTCOMES} was changed`);
}

function totalBytes(shards: Shard[]): number {
  return shards.reduce((total, { manifest }) => total + manifest.files.outcomes.sizeBytes, 0);
}
