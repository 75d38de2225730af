import { workerData } from "node:worker_threads";
import workerpool from "workerpool";

/** In a thread of a batch runner: processes what it is sent; `buffersOf` names what is handed over, not copied. */
export function serveBatches<Options, Batch, Result extends object>(
  createProcessor: (options: Options) => (batch: Batch) => Result,
  buffersOf: (result: Result) => Uint8Array[],
): void {
  const process = createProcessor(workerData as Options);
  workerpool.worker({
    process: (batch: Batch) => {
      const result = process(batch);
      return new workerpool.Transfer(
        result,
        buffersOf(result).map(({ buffer }) => buffer),
      );
    },
  });
}
