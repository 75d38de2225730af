/** A few types as `GET /v2/catalog/gpus` tells them. */
export function gpuTypes(full: ReadonlySet<string>) {
  const type = (id: string, name: string, memory: number, secure: number) => ({
    id,
    name,
    pool: null,
    manufacturer: id.startsWith("AMD") ? "AMD" : "NVIDIA",
    memory,
    secure: true,
    community: true,
    price: { secure, community: secure * 0.7 },
    maxCount: { secure: 8, community: 4 },
    availability: full.has(id) ? "NONE" : "HIGH",
  });
  return [
    type("NVIDIA GeForce RTX 4090", "RTX 4090", 24, 0.44),
    type("NVIDIA GeForce RTX 3070", "RTX 3070", 8, 0.13),
    type("NVIDIA A100 80GB PCIe", "A100 PCIe", 80, 1.19),
    type("NVIDIA A100-SXM4-80GB", "A100 SXM", 80, 1.39),
    type("NVIDIA H100 80GB HBM3", "H100 SXM", 80, 2.69),
    type("AMD Instinct MI300X OAM", "MI300X", 192, 2.5),
  ];
}

/** The same of CPUs. */
export function cpuTypes() {
  const type = (id: string, ramGbPerVcpu: number, securePerVcpu: number) => ({
    id,
    name: id,
    group: "Gen 5",
    vcpu: { min: 2, max: 32 },
    ramGbPerVcpu,
    price: { securePerVcpu, serverlessPerVcpu: securePerVcpu },
    availability: "HIGH",
  });
  return [type("cpu5g", 4, 0.05), type("cpu3c", 2, 0.03), type("cpu5c", 2, 0.04)];
}
