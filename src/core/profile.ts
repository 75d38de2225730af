import { z } from "zod";

const Marker = z.string().min(1);

/** How the planner's decision is written; exactly one of them closes each planner turn. */
const Decisions = z.strictObject({
  call: z.string().min(1),
  answer: z.string().min(1),
  giveUp: z.string().min(1),
});

const Turns = z.strictObject({
  user: z.strictObject({ marker: Marker }),
  planner: z.strictObject({ marker: Marker, decisions: Decisions }),
  caller: z.strictObject({
    marker: Marker,
    /** Placeholders: {name}, {arguments}. */
    template: z.string().min(1),
  }),
  observation: z.strictObject({ marker: Marker }),
  summarizer: z.strictObject({ marker: Marker }),
});

const Common = {
  name: z.string().min(1),
  /** Stands in rows and prompts for the tokenizer's own end-of-turn token, which takes its place on tokenising. */
  endOfTurn: z.string().min(1),
  turns: Turns,
};

/** Append-only: one row a trajectory, the same text for every role. `header` has the placeholder {tools}. */
export const ThreadProfile = z.strictObject({
  kind: z.literal("thread"),
  ...Common,
  header: z.string().min(1),
});

/** One row a step: the prompt ends in the role's own instruction. Placeholders: {tools}, {tool_names}, {history}, {thought}. */
export const StepProfile = z.strictObject({
  kind: z.literal("step"),
  ...Common,
  prompts: z.strictObject({
    backbone: z.string().min(1),
    planner: z.string().min(1),
    caller: z.string().min(1),
    summarizer: z.string().min(1),
  }),
});

/** How a trajectory becomes text, in training and at inference alike. */
export const Profile = z.discriminatedUnion("kind", [ThreadProfile, StepProfile]);
export type Profile = z.infer<typeof Profile>;
export type ThreadProfile = z.infer<typeof ThreadProfile>;
export type StepProfile = z.infer<typeof StepProfile>;
