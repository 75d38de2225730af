import { z } from "zod";

/** How the processes of a job share its weights: whole on each (ddp), or in parts, by torch (fsdp) or DeepSpeed (zero3). */
export const SHARDINGS = ["ddp", "fsdp", "zero3"] as const;
export type Sharding = (typeof SHARDINGS)[number];

/** `resources` of a recipe: the machine a job wants, and how much it may take. */
export const RecipeResources = z.strictObject({
  /** Of one node; 0 trains on the CPU. */
  gpus: z.int().nonnegative().default(0),
  nodes: z.int().positive().default(1),
  /** `auto`: ddp where weights, gradients and optimizer fit one GPU, else fsdp. */
  sharding: z.enum(["auto", ...SHARDINGS]).default("auto"),
  /** GPU types such as `a100-80gb`, the first that can be had: for estimates and for providers that choose machines. */
  gpu: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  /** The container image of providers that start containers. */
  image: z.string().min(1).default("ghcr.io/astral-sh/uv:python3.12-bookworm"),
  /** Take cheaper machines that may be taken away; the job goes on from its last checkpoint. */
  spot: z.boolean().default(false),
  /** A job ends itself after so many hours, all its attempts together. */
  max_hours: z.number().positive().default(24),
  /** US dollars that the run may cost, all its jobs and attempts together. */
  max_cost: z.number().positive().optional(),
});
export type RecipeResources = z.infer<typeof RecipeResources>;

/** What one job asks of a provider. */
export interface Resources {
  gpusPerNode: number;
  nodes: number;
  /** In order of preference; empty: any. */
  gpuTypes: readonly string[];
  image: string;
  isSpot: boolean;
}
