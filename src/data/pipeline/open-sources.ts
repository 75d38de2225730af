import { createReaders } from "../formats.js";
import { fileNamesOf, findInput, totalBytes } from "../input/find-inputs.js";
import { openPolicies } from "../policies/open-policies.js";
import { DEFAULT_POLICIES } from "../policies/policies.js";
import { DEFAULT_READER_OPTIONS } from "../readers/reader.js";
import { needsTraits, sidesOf } from "../sides/side.js";
import type { SplitRequest } from "../split-settings.js";
import { TrajectorySource } from "../trajectory-source.js";
import { createBatchRunner } from "./batch-runner.js";
import { chooseWorkers } from "./choose-workers.js";
import { createBatchProcessor, type ProcessorOptions } from "./process-batch.js";
import type { BatchResult, RecordBatch } from "./record-batch.js";

/** The inputs of a run, and the threads that read them. */
export interface OpenSources {
  sources: TrajectorySource[];
  /** Of all files, relative to their inputs. */
  fileNames: string[];
  /** Null where only the end of a stream tells. */
  bytesTotal: number | null;
  bytesRead(): number;
  /** The batches of a source in their order; what is not wanted is cut and not read. */
  resultsOf(source: TrajectorySource, isWanted?: () => boolean): AsyncGenerator<[RecordBatch, BatchResult]>;
  close(): Promise<void>;
}

export async function openSources(request: SplitRequest): Promise<OpenSources> {
  const inputs = await Promise.all(request.inputs.map((path) => findInput(path, request)));
  const options = processorOptions(request);
  const policies = await openPolicies(options.policies, options.profile);
  const readers = createReaders(options.readers);
  const sources = inputs.map((input) => new TrajectorySource(input, request.format ?? null, readers));
  const bytesTotal = totalBytes(inputs);
  const runner = createBatchRunner({
    ...{ workers: chooseWorkers(request.workers, bytesTotal), options },
    createProcessor: (given: ProcessorOptions) => createBatchProcessor(given, policies),
    worker: new URL("batch-worker.js", import.meta.url),
  });
  return {
    ...{ sources, bytesTotal, fileNames: fileNamesOf(inputs) },
    bytesRead: () => sources.reduce((total, source) => total + source.bytesRead, 0),
    resultsOf: (source, isWanted = () => true) => runner.inOrder(only(source.batches(), isWanted)),
    close: () => runner.close(),
  };
}

function processorOptions(request: SplitRequest): ProcessorOptions {
  return {
    profile: request.profile.profile,
    readers: request.readers ?? DEFAULT_READER_OPTIONS,
    policies: request.policies ?? DEFAULT_POLICIES,
    keepsTrajectories: needsTraits(sidesOf(request)),
  };
}

async function* only<T>(items: AsyncIterable<T>, isWanted: () => boolean): AsyncGenerator<T> {
  for await (const item of items) if (isWanted()) yield item;
}
