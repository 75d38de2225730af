import { createBatchProcessor } from "./process-batch.js";
import { serveBatches } from "./serve-batches.js";

serveBatches(createBatchProcessor, ({ bytes }) => [bytes]);
