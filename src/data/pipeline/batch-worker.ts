import { workerData } from "node:worker_threads";
import workerpool from "workerpool";
import { createBatchProcessor, type ProcessorOptions } from "./process-batch.js";
import type { RecordBatch } from "./record-batch.js";

const processBatch = createBatchProcessor(workerData as ProcessorOptions);

workerpool.worker({
  process: (batch: RecordBatch) => {
    const result = processBatch(batch);
    return new workerpool.Transfer(result, [result.bytes.buffer]);
  },
});
