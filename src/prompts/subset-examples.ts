import type { Example } from "../core/example.js";

/** What one trajectory gives one subset: its examples, and a reason for each candidate that is none. */
export interface SubsetExamples {
  examples: Example[];
  leftOut: string[];
}
