import { fileURLToPath } from "node:url";
import workerpool from "workerpool";
import { createBatchProcessor, type ProcessorOptions } from "./process-batch.js";
import type { BatchResult, RecordBatch } from "./record-batch.js";

/** Processes batches, here or in threads; results come in the order of the batches either way. */
export interface BatchRunner {
  inOrder(batches: AsyncIterable<RecordBatch>): AsyncGenerator<[RecordBatch, BatchResult]>;
  close(): Promise<void>;
}

/** So many batches wait for each thread: it shall not wait for one to be read. */
const AHEAD = 2;

export function createBatchRunner(options: ProcessorOptions, workers: number): BatchRunner {
  if (workers === 0) {
    const process = createBatchProcessor(options);
    return {
      async *inOrder(batches) {
        for await (const batch of batches) yield [batch, process(batch)];
      },
      close: async () => {},
    };
  }
  const pool = workerpool.pool(fileURLToPath(new URL("batch-worker.js", import.meta.url)), {
    maxWorkers: workers,
    minWorkers: workers,
    workerType: "thread",
    workerThreadOpts: { workerData: options },
  });
  const process = async (batch: RecordBatch): Promise<[RecordBatch, BatchResult]> => {
    const result = await pool.exec("process", [batch], { transfer: [batch.bytes.buffer as ArrayBuffer] });
    return [batch, result as BatchResult];
  };
  return {
    async *inOrder(batches) {
      const waiting: Promise<[RecordBatch, BatchResult]>[] = [];
      for await (const batch of batches) {
        const work = process(batch);
        // Seen below, in its turn.
        work.catch(() => {});
        waiting.push(work);
        if (waiting.length > AHEAD * workers) yield await (waiting.shift() as (typeof waiting)[number]);
      }
      for (const work of waiting) yield await work;
    },
    close: async () => {
      await pool.terminate(true);
    },
  };
}
