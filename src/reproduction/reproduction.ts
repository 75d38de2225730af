import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { explainSystemError, MllmError } from "../core/errors.js";
import { ROLES, SUBSETS } from "../core/roles.js";
import { Metric } from "../evaluation/evaluation.js";
import { ARMS, BUDGETS } from "./arms.js";

/** A job that an arm takes, as one seed made it. */
const ReproducedJob = z.object({
  seed: z.int(),
  name: z.string(),
  subset: z.enum(SUBSETS),
  /** `all`, `union`, `half-1`, `half-2`. */
  data: z.string(),
  dataHash: z.string(),
  epochs: z.number(),
  tokens: z.int(),
  trainedTokens: z.int(),
  jobId: z.string(),
  /** The checkpoint that the arm uses or goes on from. */
  checkpoint: z.object({ id: z.string(), hash: z.string(), parentId: z.string().nullable() }),
  validationLoss: z.number().nullable(),
  initialValidationLoss: z.number().nullable(),
});

const ReproducedGroup = z.object({
  /** Null: all items. */
  name: z.string().nullable(),
  /** Means over seeds and items; the interval is of seeds and items drawn anew. */
  metrics: z.array(Metric),
  /** This arm less `reuse`, the same seeds and items drawn for both; empty for `reuse` itself. */
  differences: z.array(Metric),
});

const ReproducedArm = z.object({
  arm: z.enum(ARMS.map(({ name }) => name)),
  title: z.string(),
  budgets: z.array(z.enum(BUDGETS)),
  /** Of the seeds that came about. */
  seeds: z.array(z.int()),
  /** Mean over seeds, of all jobs the arm takes. */
  tokens: z.number(),
  trainedTokens: z.number(),
  /** Of all seeds. */
  jobs: z.array(ReproducedJob),
  /** Folders of the evaluations, relative to this file. */
  evaluations: z.array(z.object({ seed: z.int(), id: z.string(), folder: z.string() })),
  groups: z.array(ReproducedGroup),
});
export type ReproducedArm = z.infer<typeof ReproducedArm>;

/** `reproduction.json`: what was compared, and what came of it. Holds no time and no path of this machine. */
export const Reproduction = z.object({
  version: z.literal(1),
  recipe: z.object({ name: z.string(), sha256: z.string() }),
  seeds: z.array(z.int()),
  /** Epochs that the recipe says. */
  epochs: z.object({ backbone: z.number(), roles: z.record(z.enum(ROLES), z.number()) }),
  /** How tokens were counted, as in an estimate. */
  tokenBasis: z.string(),
  data: z.array(z.object({ seed: z.int(), hash: z.string(), trajectories: z.int() })),
  /** What each evaluation was made on. */
  tests: z.array(z.object({ kind: z.enum(["static", "live"]), name: z.string(), sha256: z.string() })),
  arms: z.array(ReproducedArm),
  /** What is missing, in words: arms whose jobs failed. */
  missing: z.array(z.string()),
});
export type Reproduction = z.infer<typeof Reproduction>;

export const REPRODUCTION_FILE = "reproduction.json";

export async function writeReproduction(folder: string, reproduction: Reproduction): Promise<void> {
  const path = join(folder, REPRODUCTION_FILE);
  try {
    await mkdir(folder, { recursive: true });
    const draft = `${path}.partial-${process.pid}`;
    await writeFile(draft, `${JSON.stringify(Reproduction.parse(reproduction), null, 2)}\n`);
    await rename(draft, path);
  } catch (error) {
    throw explainSystemError(error, path);
  }
}

/** Throws not_found where the folder holds none, bad_input where it cannot be read. */
export async function readReproduction(folder: string): Promise<Reproduction> {
  const path = join(folder, REPRODUCTION_FILE);
  const text = await readFile(path, "utf8").catch(() => {
    const hint = "mllm reproduce --out DIR makes one; run again, it goes on where it was.";
    throw new MllmError("not_found", `${folder} holds no ${REPRODUCTION_FILE}`, { hint });
  });
  const parsed = Reproduction.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new MllmError("bad_input", `${path}: ${issue?.path.join(".")}: ${issue?.message}`, {
    hint: "Run mllm reproduce again: what it trained and evaluated costs nothing.",
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
