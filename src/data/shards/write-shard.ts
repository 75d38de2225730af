import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { explainSystemError, MllmError } from "../../core/errors.js";
import { OutputFolder } from "../output-folder.js";
import { type OpenSources, openSources } from "../pipeline/open-sources.js";
import type { SplitEvent } from "../split-dataset.js";
import type { SplitRequest } from "../split-settings.js";
import { FrameWriter } from "./frame-file.js";
import {
  isShard,
  OUTCOMES,
  SETTINGS,
  SHARD_MANIFEST,
  type ShardBatch,
  type ShardManifest,
  type ShardPlace,
  type SharedBySplit,
  settingsOf,
} from "./shard-manifest.js";

type ShardEvent = Extract<SplitEvent, { type: "progress" }> | { type: "done"; manifest: ShardManifest };

/**
 * Does the part of a split that one of several runs does: all that depends on one record alone, of every so many-th
 * batch of records. What depends on other records is decided when the shards are merged.
 */
export async function* writeShard(request: SplitRequest, shard: ShardPlace): AsyncGenerator<ShardEvent> {
  refuseLimit(request);
  const reading = await openSources(request);
  let output: OutputFolder | null = null;
  let writer: FrameWriter<ShardBatch> | null = null;
  try {
    output = await OutputFolder.create(resolve(request.cwd, request.out), isShard, "a shard");
    const folder = output.temporaryPath;
    writer = await FrameWriter.create<ShardBatch>(join(folder, OUTCOMES), join(request.out, OUTCOMES));
    const counts = { batches: 0, records: 0, trajectories: 0 };
    for await (const { batch, bytes } of shardBatches(reading, shard, counts)) {
      if (request.signal.aborted) throw new MllmError("interrupted", "interrupted; nothing was written");
      await writer.write({ message: batch, bytes });
      const { outcomes } = batch.result;
      counts.records += outcomes.length;
      counts.trajectories += outcomes.filter(({ kind }) => kind === "trajectory").length;
      const progress = { records: counts.records, used: counts.trajectories };
      const { bytesTotal } = reading;
      yield { type: "progress", ...progress, bytesRead: reading.bytesRead(), bytesTotal };
    }
    const outcomes = { path: OUTCOMES, ...(await writer.finish()) };
    const manifest = await describe(request, { shard, reading, folder, counts, outcomes });
    await output.commit();
    yield { type: "done", manifest };
  } finally {
    await reading.close();
    await writer?.abandon();
    await output?.discard();
  }
}

async function* shardBatches(
  { sources, resultsOf }: OpenSources,
  { index, of }: ShardPlace,
  counts: { batches: number },
): AsyncGenerator<{ batch: ShardBatch; bytes: Uint8Array }> {
  let number = index - 1;
  const isWanted = () => counts.batches++ % of === index - 1;
  for (const [input, source] of sources.entries()) {
    for await (const [{ file }, { bytes, ...result }] of resultsOf(source, isWanted)) {
      yield { batch: { number, input, file, result }, bytes };
      number += of;
    }
  }
}

interface Written {
  shard: ShardPlace;
  reading: OpenSources;
  folder: string;
  counts: Pick<ShardManifest, "batches" | "records" | "trajectories">;
  outcomes: ShardManifest["files"]["outcomes"];
}

async function describe(request: SplitRequest, written: Written): Promise<ShardManifest> {
  const { shard, reading, folder, counts, outcomes } = written;
  const settings = await FrameWriter.create<SharedBySplit>(
    join(folder, SETTINGS),
    join(request.out, SETTINGS),
  );
  try {
    const message = { settings: settingsOf(request), fileNames: reading.fileNames };
    await settings.write({ message, bytes: new Uint8Array() });
    const manifest: ShardManifest = {
      ...{ kind: "shard", version: 1, createdBy: request.createdBy, shard },
      inputs: await Promise.all(reading.sources.map((source) => source.summarize())),
      detections: reading.sources.flatMap(({ detections }) => detections.slice(0, 1)),
      ...counts,
      files: { settings: { path: SETTINGS, ...(await settings.finish()) }, outcomes },
    };
    const text = `${JSON.stringify(manifest, null, 2)}\n`;
    await writeFile(join(folder, SHARD_MANIFEST), text, { flush: true });
    return manifest;
  } catch (error) {
    throw explainSystemError(error, request.out);
  } finally {
    await settings.abandon();
  }
}

function refuseLimit({ limit, isDryRun }: SplitRequest): void {
  if (limit !== null) {
    throw new MllmError("usage", "--limit does not go with --shard", {
      hint: "Which trajectories come first is known when the shards are merged; cut the input instead.",
    });
  }
  if (isDryRun) {
    throw new MllmError("usage", "--dry-run does not go with --shard", {
      hint: "Run it without --shard: it reads everything and writes nothing.",
    });
  }
}
