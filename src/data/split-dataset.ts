import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { DatasetManifest } from "../core/dataset-manifest.js";
import { explainSystemError, MllmError } from "../core/errors.js";
import { canonicalJson } from "../core/ids.js";
import type { LoadedProfile } from "../prompts/load-profile.js";
import { DatasetBuilder } from "./dataset-builder.js";
import type { ExcludedIds } from "./exclude-ids.js";
import { createReaders } from "./formats.js";
import { findInput, type InputPlace, totalBytes } from "./input/find-inputs.js";
import { isDataset } from "./is-dataset.js";
import { OutputFolder } from "./output-folder.js";
import { createBatchRunner } from "./pipeline/batch-runner.js";
import { chooseWorkers } from "./pipeline/choose-workers.js";
import { createBatchProcessor } from "./pipeline/process-batch.js";
import { DEFAULT_READER_OPTIONS, type Format, type ReaderOptions } from "./readers/reader.js";
import { RejectedFile } from "./rejected-file.js";
import { SubsetFiles } from "./subset-files.js";
import { TrajectorySource } from "./trajectory-source.js";

export interface SplitRequest extends InputPlace {
  /** Paths, `-`, https:// and hf:// addresses. */
  inputs: string[];
  /** The folder of the data set, as the user wrote it. */
  out: string;
  format?: Format;
  readers?: ReaderOptions;
  excludedIds: ExcludedIds;
  /** Use at most so many trajectories. */
  limit: number | null;
  /** Share of the trajectories, from 0 to below 1. */
  validation: number;
  seed: number;
  isStrict: boolean;
  /** Stop when more records than this have been rejected. */
  maxErrors: number | null;
  /** Counts, writes nothing. */
  isDryRun: boolean;
  createdBy: string;
  /** Threads that read beside this one, 0 for none, null for what suits the input. Changes only the time it takes. */
  workers: number | null;
  profile: LoadedProfile;
  signal: AbortSignal;
}

export type SplitEvent =
  | { type: "progress"; records: number; used: number; bytesRead: number; bytesTotal: number | null }
  | { type: "done"; manifest: DatasetManifest };

/**
 * Reads trajectories and writes a data set folder. The folder appears when everything is in it; where the generator
 * ends early, by an error or by the reader's `return`, nothing is left behind.
 */
export async function* splitDataset(request: SplitRequest): AsyncGenerator<SplitEvent> {
  const inputs = await Promise.all(request.inputs.map((path) => findInput(path, request)));
  const readerOptions = request.readers ?? DEFAULT_READER_OPTIONS;
  const readers = createReaders(readerOptions);
  const sources = inputs.map((input) => new TrajectorySource(input, request.format ?? null, readers));
  const output = request.isDryRun
    ? null
    : await OutputFolder.create(resolve(request.cwd, request.out), isDataset);
  const folder = output?.temporaryPath ?? null;
  const bytesTotal = totalBytes(inputs);
  const workers = chooseWorkers(request.workers, bytesTotal);
  const runner = createBatchRunner({
    ...{ workers, options: { profile: request.profile.profile, readers: readerOptions } },
    createProcessor: createBatchProcessor,
    worker: new URL("pipeline/batch-worker.js", import.meta.url),
  });
  let split: DatasetBuilder | null = null;
  try {
    const files = await SubsetFiles.create(folder, request.out, request.validation > 0);
    const rejectedFile = await RejectedFile.create(folder, request.out);
    split = new DatasetBuilder(request, files, rejectedFile);
    for (const source of sources) {
      split.startInput(source.input.path);
      for await (const [batch, result] of runner.inOrder(source.batches())) {
        if (request.signal.aborted) throw new MllmError("interrupted", "interrupted; nothing was written");
        await split.add(batch, result);
        const bytesRead = sources.reduce((total, each) => total + each.bytesRead, 0);
        yield { type: "progress", records: split.read, used: split.used, bytesRead, bytesTotal };
        if (split.isFull) break;
      }
      if (split.isFull) break;
    }
    split.detections = sources.flatMap(({ detections }) => detections.slice(0, 1));
    const manifest = await split.finish(await Promise.all(sources.map((source) => source.summarize())));
    if (output !== null) {
      await writeDescriptions(output.temporaryPath, request, manifest);
      await output.commit();
    }
    yield { type: "done", manifest };
  } finally {
    await runner.close();
    await split?.abandon();
    await output?.discard();
  }
}

async function writeDescriptions(
  folder: string,
  request: SplitRequest,
  manifest: DatasetManifest,
): Promise<void> {
  try {
    await writeFile(join(folder, "profile.json"), canonicalJson(request.profile.profile), { flush: true });
    await writeFile(join(folder, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`, { flush: true });
  } catch (error) {
    throw explainSystemError(error, request.out);
  }
}
