/**
 * Our names of GPUs and RunPod's, which tell the forms of one apart: the first is tried first. From RunPod's own list
 * (https://docs.runpod.io/references/gpu-types).
 */
const GPU_TYPES: Readonly<Record<string, readonly string[]>> = {
  "a100-80gb": ["NVIDIA A100-SXM4-80GB", "NVIDIA A100 80GB PCIe"],
  a30: ["NVIDIA A30"],
  a40: ["NVIDIA A40"],
  b200: ["NVIDIA B200"],
  b300: ["NVIDIA B300 SXM6 AC"],
  h100: ["NVIDIA H100 80GB HBM3", "NVIDIA H100 PCIe", "NVIDIA H100 NVL"],
  "h100-80gb": ["NVIDIA H100 80GB HBM3", "NVIDIA H100 PCIe"],
  "h100-94gb": ["NVIDIA H100 NVL"],
  h200: ["NVIDIA H200"],
  l4: ["NVIDIA L4"],
  l40: ["NVIDIA L40"],
  l40s: ["NVIDIA L40S"],
  "rtx-3090": ["NVIDIA GeForce RTX 3090"],
  "rtx-4090": ["NVIDIA GeForce RTX 4090"],
  "rtx-5090": ["NVIDIA GeForce RTX 5090"],
  "rtx-6000-ada": ["NVIDIA RTX 6000 Ada Generation"],
  "rtx-a5000": ["NVIDIA RTX A5000"],
  "rtx-a6000": ["NVIDIA RTX A6000"],
};

export const GPU_NAMES = Object.keys(GPU_TYPES);

/** RunPod's ids of one of our names; one of its own (they have blanks) stands for itself. Null for any other. */
export function runpodGpuIds(name: string): readonly string[] | null {
  return GPU_TYPES[name.toLowerCase()] ?? (/\s/.test(name.trim()) ? [name.trim()] : null);
}
