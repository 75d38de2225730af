/** SkyPilot's names of the GPU types that recipes call differently; case alone makes no difference to it. */
const NAMES: Record<string, string> = {
  a10: "A10",
  "a10-24gb": "A10",
  a10g: "A10G",
  "a10g-24gb": "A10G",
  a100: "A100",
  "a100-40gb": "A100",
  "a100-80gb": "A100-80GB",
  b200: "B200",
  "b200-180gb": "B200",
  h100: "H100",
  "h100-80gb": "H100",
  h200: "H200",
  "h200-141gb": "H200",
  l4: "L4",
  "l4-24gb": "L4",
  l40: "L40",
  "l40-48gb": "L40",
  l40s: "L40S",
  "l40s-48gb": "L40S",
  rtx4090: "RTX4090",
  "rtx4090-24gb": "RTX4090",
  t4: "T4",
  "t4-16gb": "T4",
  v100: "V100",
  "v100-16gb": "V100",
  "v100-32gb": "V100-32GB",
};

/** What SkyPilot calls a GPU type; one that is not in the table is passed on, for its own catalog to know or refuse. */
export function acceleratorName(gpuType: string): string {
  return NAMES[gpuType.toLowerCase()] ?? gpuType;
}
