/** GPU types of a cluster as `sinfo --format=%G` has them: `gpu:h100:4(S:0-1),gpu:a100:2` or `gpu:4`, a line for each kind of node. */
export function readGpuTypes(gres: string): { types: string[]; hasUntyped: boolean } {
  const types = new Set<string>();
  let hasUntyped = false;
  // What stands in parentheses may hold commas.
  for (const entry of gres.replace(/\([^)]*\)/g, "").split(/[\s,]+/)) {
    const [name, second, third] = entry.split(":");
    if (name !== "gpu" || second === undefined) continue;
    if (third === undefined && /^\d+$/.test(second)) hasUntyped = true;
    else types.add(second);
  }
  return { types: [...types].sort(), hasUntyped };
}

/**
 * What to ask of `--gres`, in order of preference; empty where the cluster has none of the types. A type is meant where
 * the cluster's name has all its parts: `a100-80gb` is `nvidia_a100-sxm4-80gb`. Where GPUs have no types, any is taken.
 */
export function chooseGpuRequests(
  { gpuTypes, gpusPerNode }: { gpuTypes: readonly string[]; gpusPerNode: number },
  { types, hasUntyped }: { types: readonly string[]; hasUntyped: boolean },
): string[] {
  const any = `gpu:${gpusPerNode}`;
  if (gpuTypes.length === 0) return [any];
  const named = gpuTypes.flatMap((wanted) => types.filter((type) => isMeant(wanted, type)));
  const requests = [...new Set(named)].map((type) => `gpu:${type}:${gpusPerNode}`);
  return types.length === 0 && hasUntyped ? [any] : requests;
}

function isMeant(wanted: string, type: string): boolean {
  const parts = partsOf(type);
  return partsOf(wanted).every((part) => parts.includes(part));
}

function partsOf(type: string): string[] {
  return type.toLowerCase().split(/[^a-z0-9]+/);
}
