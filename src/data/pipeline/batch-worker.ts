import { workerData } from "node:worker_threads";
import { openPolicies } from "../policies/open-policies.js";
import { answerRequests } from "./answer-requests.js";
import { createBatchProcessor, type ProcessorOptions } from "./process-batch.js";

const { policies, profile } = workerData as ProcessorOptions;
const open = await openPolicies(policies, profile);
answerRequests(
  (options: ProcessorOptions) => createBatchProcessor(options, open),
  ({ bytes }) => [bytes.buffer as ArrayBuffer],
);
