import { fileURLToPath } from "node:url";
import workerpool from "workerpool";
import type { CutBatch } from "./cut-batches.js";

/** Processes batches, here or in threads; results come in the order of the batches either way. */
export interface BatchRunner<Batch, Result> {
  inOrder(batches: AsyncIterable<Batch>): AsyncGenerator<[Batch, Result]>;
  close(): Promise<void>;
}

interface RunnerSettings<Options, Batch, Result> {
  /** 0: everything is done in this thread. */
  workers: number;
  /** Plain data, which each thread makes its processor from. */
  options: Options;
  createProcessor(options: Options): (batch: Batch) => Result;
  /** The module that serves the same processor in a thread (`serveBatches`). */
  worker: URL;
}

/** So many batches wait for each thread: it shall not wait for one to be read. */
const AHEAD = 2;

export function createBatchRunner<Options, Batch extends CutBatch, Result>(
  settings: RunnerSettings<Options, Batch, Result>,
): BatchRunner<Batch, Result> {
  const { workers, options } = settings;
  if (workers > 0) return createThreads(settings);
  const process = settings.createProcessor(options);
  return {
    async *inOrder(batches) {
      for await (const batch of batches) yield [batch, process(batch)];
    },
    close: async () => {},
  };
}

function createThreads<Options, Batch extends CutBatch, Result>({
  workers,
  options,
  worker,
}: RunnerSettings<Options, Batch, Result>): BatchRunner<Batch, Result> {
  const pool = workerpool.pool(fileURLToPath(worker), {
    ...{ maxWorkers: workers, minWorkers: workers, workerType: "thread" },
    workerThreadOpts: { workerData: options },
  });
  const process = async (batch: Batch): Promise<[Batch, Result]> => {
    const transfer = [batch.bytes.buffer as ArrayBuffer];
    return [batch, (await pool.exec("process", [batch], { transfer })) as Result];
  };
  return {
    async *inOrder(batches) {
      const waiting: Promise<[Batch, Result]>[] = [];
      for await (const batch of batches) {
        const work = process(batch);
        // Seen below, in its turn.
        work.catch(() => {});
        waiting.push(work);
        if (waiting.length <= AHEAD * workers) continue;
        yield await (waiting.shift() as (typeof waiting)[number]);
      }
      for (const work of waiting) yield await work;
    },
    close: async () => {
      await pool.terminate(true);
    },
  };
}
