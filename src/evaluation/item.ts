import { z } from "zod";
import type { Step } from "../core/trajectory.js";
import { Vote } from "./vote.js";

const Call = z.object({ name: z.string(), arguments: z.string() });
const Thought = { thought: z.string(), untrained: z.string().optional() };

const ItemStep = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("user"), text: z.string() }),
  z.object({ kind: z.literal("call"), ...Thought, call: Call, observation: z.string().nullable() }),
  z.object({ kind: z.literal("answer"), ...Thought, answer: z.string() }),
  z.object({ kind: z.literal("give_up"), ...Thought }),
]) as z.ZodType<Step>;

/**
 * What was asked of an agent once, what would have been right, what it did, and how that is scored. Static: one step
 * of a recorded trajectory; live: one task. One line of `items.jsonl`.
 */
export const Item = z.object({
  /** `<trajectory>#<step, from 1>`, or the task's. In two evaluations of the same data equal ids are the same item. */
  id: z.string(),
  /** Items of one cluster depend on one another and are resampled together: the trajectory's id, or the task's. */
  cluster: z.string(),
  /** Such as `in domain`; null where all items are of one kind. */
  group: z.string().nullable(),
  question: z.string(),
  /** The tools that the reference calls: what per-tool tables count by. */
  tools: z.array(z.string()),
  /** By name of the metric (see METRICS); null where a metric does not apply, such as arguments of an answer. */
  scores: z.record(z.string(), z.number().nullable()),
  /** Steps of the reference from this item on: one in a static evaluation, none where nothing was recorded. */
  reference: z.array(ItemStep),
  /** What the agent did in its place. */
  prediction: z.array(ItemStep),
  /** What went wrong or is worth knowing, in snake_case: `reference_arguments_unreadable`, `limit_turns`, … */
  notes: z.array(z.string()),
  /** What a model that judges said, vote by vote; absent where none was asked. */
  votes: z.array(Vote).optional(),
});
export type Item = z.infer<typeof Item>;
