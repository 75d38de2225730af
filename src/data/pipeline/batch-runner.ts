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
  createProcessor(options: Options): (batch: Batch, spare: ArrayBuffer[]) => Result;
  /** The module that serves the same processor in a thread (`serveBatches`). */
  worker: URL;
  /** Memory of a result that nobody needs any more when the next one is asked for: processors get it again. */
  sparedBy?(result: Result): Uint8Array[];
}

/** So many batches wait for each thread: it shall not wait for one to be read. */
const AHEAD = 2;

/** As many as a result has at most. */
const SPARE_EACH = 4;

function keep(spare: ArrayBuffer[], buffers: readonly Uint8Array[] = []): void {
  for (const { buffer } of buffers) if (buffer instanceof ArrayBuffer) spare.push(buffer);
}

export function createBatchRunner<Options, Batch extends CutBatch, Result>(
  settings: RunnerSettings<Options, Batch, Result>,
): BatchRunner<Batch, Result> {
  const { workers, options } = settings;
  if (workers > 0) return createThreads(settings);
  const process = settings.createProcessor(options);
  const spare: ArrayBuffer[] = [];
  return {
    async *inOrder(batches) {
      for await (const batch of batches) {
        const result = process(batch, spare);
        yield [batch, result];
        keep(spare, settings.sparedBy?.(result));
      }
    },
    close: async () => {},
  };
}

function createThreads<Options, Batch extends CutBatch, Result>({
  workers,
  options,
  worker,
  sparedBy,
}: RunnerSettings<Options, Batch, Result>): BatchRunner<Batch, Result> {
  const pool = workerpool.pool(fileURLToPath(worker), {
    ...{ maxWorkers: workers, minWorkers: workers, workerType: "thread" },
    workerThreadOpts: { workerData: options },
  });
  const spare: ArrayBuffer[] = [];
  const process = async (batch: Batch): Promise<[Batch, Result]> => {
    const lent = spare.splice(0, SPARE_EACH);
    const transfer = [batch.bytes.buffer as ArrayBuffer, ...lent];
    return [batch, (await pool.exec("process", [batch, lent], { transfer })) as Result];
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
        const done = await (waiting.shift() as (typeof waiting)[number]);
        yield done;
        keep(spare, sparedBy?.(done[1]));
      }
      for (const work of waiting) yield await work;
    },
    close: async () => {
      await pool.terminate(true);
    },
  };
}
