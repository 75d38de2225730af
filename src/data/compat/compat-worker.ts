import { serveBatches } from "../pipeline/serve-batches.js";
import { createCompatProcessor } from "./process-compat-batch.js";

serveBatches(createCompatProcessor, ({ subsets }) => Object.values(subsets).map(({ bytes }) => bytes));
