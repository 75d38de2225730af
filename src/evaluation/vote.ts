import { z } from "zod";

const Against = z.object({
  /** As ToolEval decides: whoever passes alone wins, else whoever is solved more surely, else the judge's preference. */
  result: z.enum(["won", "tied", "lost", "unreadable"]),
  /** As StableToolBench decides: without the pass rate's rule for tasks that cannot be solved. */
  solvable: z.enum(["won", "tied", "lost", "unreadable"]),
  /** Whose answer the judge saw first; null where it did not have to be asked. */
  first: z.enum(["candidate", "reference"]).nullable(),
  reason: z.string(),
});
export type Against = z.infer<typeof Against>;

/** What a model that judges said of an attempt, once. */
export const Vote = z.object({
  /** `unreadable`: it said nothing that could be read, several times. */
  status: z.enum(["solved", "unsure", "unsolved", "unreadable"]),
  reason: z.string(),
  /** Whether the task can be solved with its tools; null where that was not asked, or not said readably. */
  task: z.enum(["solvable", "unsure", "unsolvable"]).nullable(),
  /** By ToolEval's table of the two; null where it needs what could not be read. */
  passes: z.boolean().nullable(),
  /** Null without a reference. */
  against: Against.nullable(),
});
export type Vote = z.infer<typeof Vote>;
