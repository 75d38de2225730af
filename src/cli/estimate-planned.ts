import type { Dataset } from "../data/open-dataset.js";
import { countTokens } from "../recipe/count-tokens.js";
import { type Estimate, estimateJob } from "../recipe/estimate.js";
import type { LoadedRecipe } from "../recipe/load-recipe.js";
import { resolveResources } from "../recipe/resolve-resources.js";
import type { PlannedJob } from "../training/plan-training.js";
import type { Context } from "./context.js";
import { findTokenizer } from "./find-model.js";

export async function estimatePlanned(
  context: Context,
  { dataset, loaded }: { dataset: Dataset; loaded: LoadedRecipe },
  { job, spec }: PlannedJob,
): Promise<Estimate> {
  const { train } = dataset.manifest.subsets[job.subset];
  const counts = await countTokens({
    file: { ...train, path: spec.data.train },
    endOfTurn: dataset.endOfTurn,
    tokenizerFolder: findTokenizer(context, job.baseModel),
  });
  const [gpu] = resolveResources(loaded.recipe).gpuTypes;
  return estimateJob({ job, manifest: dataset.manifest, counts, gpu });
}
