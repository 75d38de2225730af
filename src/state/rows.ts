import { z } from "zod";
import { MllmError } from "../core/errors.js";
import { JOB_STATES } from "../core/job-state.js";
import { JOB_SUBSETS, ROLES, SUBSETS } from "../core/roles.js";

const Flag = z.union([z.literal(0), z.literal(1)]).transform((flag) => flag === 1);
const Stage = z.union([z.literal(1), z.literal(2)]);
/** A column of JSON text. */
export const jsonOf = <T>(schema: z.ZodType<T>) =>
  z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: "custom", message: "not JSON" });
        return z.NEVER;
      }
    })
    .pipe(schema);
const Json = jsonOf(z.record(z.string(), z.unknown()));

/** One execution of a recipe on one data set. */
export const Run = z.object({
  id: z.string(),
  recipeName: z.string(),
  recipeSha256: z.string(),
  dataHash: z.string(),
  createdAt: z.string(),
  /** What all its jobs and attempts together may cost. */
  maxDollars: z.number().nullable(),
});
export type Run = z.infer<typeof Run>;

export const Job = z.object({
  id: z.string(),
  runId: z.string(),
  jobKey: z.string(),
  /** Of a job of several roles: the keys that jobs of each alone would have. */
  partKeys: jsonOf(z.array(z.string())),
  stage: Stage,
  subset: z.enum(JOB_SUBSETS),
  provider: z.string(),
  providerJobId: z.string().nullable(),
  state: z.enum(JOB_STATES),
  /** Why it is failed, cancelled or lost, where known. */
  reason: z.string().nullable(),
  /** 1 for the first start; every resubmission adds one. */
  attempt: z.int().positive(),
  /** Who submits or submitted it; decides whether a job in `submitting` is still being submitted. */
  claimant: z.string(),
  outputDir: z.string(),
  /** The JobSpec as it was submitted; kept as plain JSON so that old rows stay readable. */
  spec: Json,
  /** The ProviderSettings it was submitted with: where to ask for it. */
  placement: Json,
  /** Stage 2: the job that makes or made the parent. */
  parentJobId: z.string().nullable(),
  /** How often the provider itself has started this attempt again. */
  restarts: z.int().nonnegative(),
  /** What earlier attempts took, and this one so far as far as is known. */
  secondsBefore: z.number(),
  seconds: z.number().nullable(),
  dollarsPerHour: z.number().nullable(),
  dollarsBefore: z.number(),
  dollars: z.number().nullable(),
  createdAt: z.string(),
  submittedAt: z.string(),
  updatedAt: z.string(),
  endedAt: z.string().nullable(),
});
export type Job = z.infer<typeof Job>;

/** Where an attempt at a job was ever to be started, whatever its row says now. */
export const Place = z.object({ provider: z.string(), placement: Json });
export type Place = z.infer<typeof Place>;

export const Checkpoint = z.object({
  id: z.string(),
  hash: z.string(),
  path: z.string(),
  jobId: z.string(),
  stage: Stage,
  subset: z.enum(SUBSETS),
  globalStep: z.int().nonnegative(),
  kind: z.enum(["full", "adapter"]),
  parentId: z.string().nullable(),
  dataHash: z.string(),
  isBest: Flag,
  isLast: Flag,
  validationLoss: z.number().nullable(),
  initialValidationLoss: z.number().nullable(),
  /** `remote`: complete where its job ran, not here yet. `removed`: the folder is gone, the row stays for the lineage. */
  state: z.enum(["complete", "remote", "removed"]),
  createdAt: z.string(),
});
export type Checkpoint = z.infer<typeof Checkpoint>;

/** One version of a named trio: checkpoint ids. The highest version counts. */
export const Agent = z.object({
  name: z.string(),
  version: z.int().positive(),
  planner: z.string(),
  caller: z.string(),
  summarizer: z.string(),
  createdAt: z.string(),
});
export type Agent = z.infer<typeof Agent>;

/** What is listed of an evaluation; the whole of it lies in its folder. */
export const EvaluationRow = z.object({
  id: z.string(),
  kind: z.enum(["static", "live"]),
  /** The subject's name, for people. */
  subject: z.string(),
  /** Of each role, with the hash that tells weights apart; null for predictions from elsewhere. */
  checkpoints: jsonOf(z.record(z.enum(ROLES), z.object({ id: z.string(), hash: z.string() })).nullable()),
  dataName: z.string(),
  dataSha256: z.string(),
  items: z.int().nonnegative(),
  /** The headline metrics. */
  metrics: jsonOf(
    z.array(
      z.object({
        name: z.string(),
        value: z.number().nullable(),
        low: z.number().nullable(),
        high: z.number().nullable(),
        count: z.int().nonnegative(),
      }),
    ),
  ),
  /** Where `evaluation.json` and `items.jsonl` lie. */
  folder: z.string(),
  /** When it was made last: making it again replaces the row. */
  createdAt: z.string(),
});
export type EvaluationRow = z.infer<typeof EvaluationRow>;

export function parseRow<T>(schema: z.ZodType<T>, row: unknown, table: string): T {
  const result = schema.safeParse(row);
  if (result.success) return result.data;
  const id = row !== null && typeof row === "object" && "id" in row ? ` ${String(row.id)}` : "";
  const issue = result.error.issues[0];
  throw new MllmError(
    "bad_state",
    `state database: ${table}${id} cannot be read: ${issue?.path.join(".")}: ${issue?.message}`,
    {
      hint: "Something else has changed the database. Move state.db together with its -wal and -shm files out of the state folder (.mllm, or MLLM_DIR) and run the command again: job folders and checkpoints are not touched by this.",
    },
  );
}
