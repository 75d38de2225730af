import { workerData } from "node:worker_threads";
import { openPolicies } from "../policies/open-policies.js";
import { createBatchProcessor, type ProcessorOptions } from "./process-batch.js";
import { serveBatches } from "./serve-batches.js";

const { policies, profile } = workerData as ProcessorOptions;
const open = await openPolicies(policies, profile);
serveBatches(
  (options: ProcessorOptions) => createBatchProcessor(options, open),
  ({ bytes }) => [bytes],
);
