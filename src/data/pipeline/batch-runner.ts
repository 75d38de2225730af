import type { CutBatch } from "./cut-batches.js";
import { inOrder } from "./in-order.js";
import { leastBusy, startThreads } from "./thread.js";

/** Processes batches, here or in threads; results come in the order of the batches either way. */
interface BatchRunner<Batch, Result> {
  inOrder(batches: AsyncIterable<Batch>): AsyncGenerator<[Batch, Result]>;
  close(): Promise<void>;
}

interface RunnerSettings<Options, Batch, Result> {
  /** 0: everything is done in this thread. */
  workers: number;
  /** Plain data, which each thread makes its processor from. */
  options: Options;
  createProcessor(options: Options): (batch: Batch) => Result;
  /** The module that serves the same processor in a thread (`answerRequests`). */
  worker: URL;
}

export function createBatchRunner<Options, Batch extends CutBatch, Result>({
  workers,
  options,
  createProcessor,
  worker,
}: RunnerSettings<Options, Batch, Result>): BatchRunner<Batch, Result> {
  if (workers === 0) {
    const process = createProcessor(options);
    return {
      inOrder: (batches) => inOrder(batches, 0, async (batch) => [batch, process(batch)]),
      close: async () => {},
    };
  }
  const threads = startThreads<Batch, Result>(workers, worker, options);
  const ask = async (batch: Batch): Promise<[Batch, Result]> => [
    batch,
    await leastBusy(threads).ask(batch, [batch.bytes.buffer as ArrayBuffer]),
  ];
  return {
    inOrder: (batches) => inOrder(batches, workers, ask),
    close: async () => {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}
