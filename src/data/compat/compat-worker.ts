import { serveBatches } from "../pipeline/serve-batches.js";
import { buffersOf, createCompatProcessor } from "./process-compat-batch.js";

serveBatches(createCompatProcessor, buffersOf);
