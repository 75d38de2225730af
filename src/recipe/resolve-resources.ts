import type { Recipe } from "../core/recipe.js";
import type { Resources } from "../core/resources.js";

/** What each job of a recipe asks of a provider. */
export function resolveResources({ resources }: Recipe): Resources {
  const { gpus, nodes, gpu, image, spot } = resources;
  return { gpusPerNode: gpus, nodes, gpuTypes: gpu === undefined ? [] : [gpu].flat(), image, isSpot: spot };
}
