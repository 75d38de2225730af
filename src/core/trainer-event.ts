import { z } from "zod";
import { ROLES } from "./roles.js";

const base = {
  time: z.string(),
  /** In a job of several roles: which of them it is about. */
  subset: z.enum(ROLES).optional(),
};

/** How training one subset ended. */
const result = {
  globalStep: z.int(),
  /** Absolute folders of the best (by validation loss) and the last checkpoint. */
  best: z.string(),
  last: z.string(),
  trainLoss: z.number().nullable(),
  validationLoss: z.number().nullable(),
  initialValidationLoss: z.number().nullable(),
};

/** One line of `events.jsonl`, which the trainer appends to. Losses are mean nats per trained token. */
export const TrainerEvent = z.discriminatedUnion("type", [
  z.object({
    ...base,
    type: z.literal("started"),
    pid: z.int(),
    attempt: z.int(),
    /** The globalStep training goes on from; 0 for a fresh start. Of several roles, that of the first one left. */
    fromStep: z.int(),
    versions: z.record(z.string(), z.string()),
  }),
  z.object({
    ...base,
    type: z.literal("data"),
    split: z.enum(["train", "validation"]),
    rows: z.int(),
    tokens: z.int(),
    trainedTokens: z.int(),
    /** Rows dropped or cut by the overflow policy. */
    dropped: z.int(),
    cut: z.int(),
  }),
  /** Training goes on, but not quite as it was asked to. */
  z.object({
    ...base,
    type: z.literal("warning"),
    /** snake_case: packing_changed. */
    code: z.string(),
    message: z.string(),
  }),
  z.object({
    ...base,
    type: z.literal("progress"),
    globalStep: z.int(),
    totalSteps: z.int(),
    epoch: z.number(),
    loss: z.number(),
    learningRate: z.number(),
    tokensPerSecond: z.number(),
    secondsLeft: z.number(),
  }),
  z.object({
    ...base,
    type: z.literal("evaluated"),
    globalStep: z.int(),
    loss: z.number(),
    trainedTokens: z.int(),
  }),
  z.object({
    ...base,
    type: z.literal("checkpoint"),
    id: z.string(),
    globalStep: z.int(),
    path: z.string(),
  }),
  z.object({
    ...base,
    type: z.literal("done"),
    ...result,
    seconds: z.number(),
    /** In a job of several roles: of each; what stands beside it is the first one's. */
    parts: z.array(z.object({ subset: z.enum(ROLES), ...result })).optional(),
  }),
  z.object({
    ...base,
    type: z.literal("failed"),
    /** snake_case: bad_job, bad_data, bad_model, tokenizer_boundary, no_trained_tokens, out_of_memory, disk_full, deadline_exceeded, cancelled, diverged, bug. */
    reason: z.string(),
    message: z.string(),
    hint: z.string().nullable(),
  }),
]);
export type TrainerEvent = z.infer<typeof TrainerEvent>;
