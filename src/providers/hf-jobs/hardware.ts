import { z } from "zod";
import { ProviderError } from "../../core/errors.js";
import type { Resources } from "../../core/resources.js";

/** One kind of machine, a "flavor", with its price: an entry of `GET /api/jobs/hardware`. */
export const Hardware = z.object({
  name: z.string(),
  prettyName: z.string().optional(),
  accelerator: z
    .object({
      model: z.string(),
      quantity: z.coerce.number(),
      /** `80 GB`, of all its GPUs together. */
      vram: z.string(),
    })
    .nullish(),
  unitCostUSD: z.number().nullish(),
  unitLabel: z.string().nullish(),
});
export type Hardware = z.infer<typeof Hardware>;

const HOURS: Record<string, number> = { second: 3600, minute: 60, hour: 1 };

export function dollarsPerHour({ unitCostUSD, unitLabel }: Hardware): number | null {
  const units = HOURS[unitLabel ?? ""];
  // The price is made of whole micro-dollars a minute.
  return unitCostUSD == null || units === undefined ? null : Math.round(unitCostUSD * units * 1e6) / 1e6;
}

/** The first GPU type that is there, as the cheapest flavor that has it in that number; or the one that the recipe names. */
export function chooseFlavor(
  catalog: readonly Hardware[],
  { gpusPerNode, gpuTypes }: Pick<Resources, "gpusPerNode" | "gpuTypes">,
  wanted: string | undefined,
): Hardware {
  if (wanted !== undefined) {
    const named = catalog.find(({ name }) => name === wanted);
    if (named !== undefined) return named;
    throw noFlavor(`there is no flavor ${wanted}`, catalog);
  }
  const fitting = catalog
    .filter((each) => Number(each.accelerator?.quantity ?? 0) === gpusPerNode)
    .sort((a, b) => (dollarsPerHour(a) ?? Infinity) - (dollarsPerHour(b) ?? Infinity));
  if (gpusPerNode === 0 || gpuTypes.length === 0) {
    if (fitting[0] !== undefined) return fitting[0];
    throw noFlavor(`no flavor has ${gpusPerNode} GPUs`, catalog);
  }
  for (const type of gpuTypes) {
    const found = fitting.find((each) => hasGpu(each, type));
    if (found !== undefined) return found;
  }
  throw noFlavor(`no flavor has ${gpusPerNode} × ${gpuTypes.join(" or ")}`, catalog);
}

/** `a100-80gb`, `a100`, `rtx-pro-6000`: model and, where it is named, the memory of one GPU. */
function hasGpu({ accelerator }: Hardware, type: string): boolean {
  if (!accelerator) return false;
  const [, model = "", memory] = /^(.+?)(?:-(\d+)gb)?$/i.exec(type) ?? [];
  if (plain(model) !== plain(accelerator.model)) return false;
  const total = Number.parseFloat(accelerator.vram);
  return memory === undefined || [1, accelerator.quantity].some((gpus) => total === Number(memory) * gpus);
}

function plain(name: string): string {
  return name.toLowerCase().replace(/nvidia|[^a-z0-9]/g, "");
}

function noFlavor(problem: string, catalog: readonly Hardware[]): ProviderError {
  const names = catalog.map(({ name }) => name).join(", ");
  return new ProviderError("hf-jobs", `${problem} at Hugging Face Jobs`, {
    code: "bad_recipe",
    hint: `Set providers.hf-jobs.flavor, or resources.gpu and resources.gpus, to one of: ${names}.`,
  });
}
