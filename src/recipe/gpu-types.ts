/** What is known of a type of GPU: from its vendor's data sheet. */
export interface GpuType {
  name: string;
  memoryBytes: number;
  /** Dense bf16 peak, floating-point operations a second. */
  flops: number;
}

const GiB = 2 ** 30;
const TYPES: readonly [string, number, number][] = [
  ["l4-24gb", 24, 121e12],
  ["a10g-24gb", 24, 70e12],
  ["rtx-3090-24gb", 24, 71e12],
  ["rtx-4090-24gb", 24, 165e12],
  ["rtx-5090-32gb", 32, 209e12],
  ["a40-48gb", 48, 150e12],
  ["rtx-a6000-48gb", 48, 155e12],
  ["rtx-6000-ada-48gb", 48, 364e12],
  ["l40-48gb", 48, 181e12],
  ["l40s-48gb", 48, 362e12],
  ["a100-40gb", 40, 312e12],
  ["a100-80gb", 80, 312e12],
  ["h100-80gb", 80, 989e12],
  ["h200-141gb", 141, 989e12],
  ["b200-180gb", 180, 2250e12],
];

export const GPU_TYPES: readonly GpuType[] = TYPES.map(([name, gigabytes, flops]) => ({
  ...{ name, memoryBytes: gigabytes * GiB, flops },
}));

/** `a100`, `rtx4090-24gb`, `NVIDIA L40S`: of several memories the largest, where the name says none. Null where it is not known. */
export function findGpuType(name: string): GpuType | null {
  const [, model = "", memory] = /^(.+?)(?:-(\d+)gb)?$/i.exec(name.trim()) ?? [];
  const fitting = GPU_TYPES.filter((type) => modelOf(type.name) === modelOf(model));
  const exact = fitting.find(({ name: known }) => memory === undefined || known.endsWith(`-${memory}gb`));
  return (memory === undefined ? fitting.at(-1) : exact) ?? null;
}

function modelOf(name: string): string {
  return name.toLowerCase().replace(/-\d+gb$|nvidia|geforce|[^a-z0-9]/g, "");
}
