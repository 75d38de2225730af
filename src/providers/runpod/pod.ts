import { z } from "zod";
import { ProviderError } from "../../core/errors.js";

/** What is used of a pod; the vendor may add fields and words. */
export const Pod = z.object({
  id: z.string().min(1),
  name: z.string(),
  status: z.string(),
  /** US dollars an hour; 0 where it is stopped. */
  cost: z.number().catch(0),
  createdAt: z.string(),
  startedAt: z.string().nullish(),
});
export type Pod = z.infer<typeof Pod>;

export const PodList = z.object({ pods: z.array(Pod) });

const Price = z.object({ secure: z.number(), community: z.number() });

export const GpuList = z.object({
  gpus: z.array(
    z.object({
      id: z.string(),
      memory: z.number(),
      price: Price,
      maxCount: Price,
      availability: z.string().optional(),
    }),
  ),
});
export type Gpu = z.infer<typeof GpuList>["gpus"][number];

export const CpuList = z.object({
  cpus: z.array(
    z.object({
      id: z.string(),
      vcpu: z.object({ min: z.number(), max: z.number() }),
      ramGbPerVcpu: z.number(),
      price: z.object({ securePerVcpu: z.number() }),
      availability: z.string().optional(),
    }),
  ),
});
export type Cpu = z.infer<typeof CpuList>["cpus"][number];

export const PodBilling = z.object({ records: z.array(z.object({ totalAmount: z.number() })) });

export const LogLine = z.object({ line: z.string() });

/** An answer in a shape that is not the specification's: nothing that can be tried again, and after a create nothing that says whether it happened. */
export function parseAnswer<Shape extends z.ZodType>(
  shape: Shape,
  answer: unknown,
  what: { of: string; isAmbiguous?: boolean },
): z.infer<Shape> {
  const parsed = shape.safeParse(answer);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ProviderError(
    "runpod",
    `${what.of} is not what its specification says: ${issue?.path.join(".")}: ${issue?.message}`,
    {
      code: "unreachable",
      hint: "Its API may have changed: look for a newer mllm.",
      isAmbiguous: what.isAmbiguous ?? false,
    },
  );
}

/** Neither stopped nor taken away: it may train, and bills. An unknown word is taken for one that does. */
export function isAlive({ status }: Pick<Pod, "status">): boolean {
  return !["EXITED", "TERMINATED"].includes(status);
}

/** The one to go on with where several carry a label: the oldest alive, else the newest. */
export function choosePod(pods: readonly Pod[]): Pod | null {
  const byAge = pods.toSorted(
    (a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt) || (a.id < b.id ? -1 : 1),
  );
  return byAge.find(isAlive) ?? byAge.at(-1) ?? null;
}
