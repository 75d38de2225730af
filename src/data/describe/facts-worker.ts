import { serveBatches } from "../pipeline/serve-batches.js";
import { createFactsCollector } from "./collect-facts.js";

serveBatches(createFactsCollector, () => []);
