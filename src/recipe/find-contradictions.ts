import { type Document, isMap } from "yaml";

interface Contradiction {
  /** Where in the document it is said. */
  at: string[];
  /** The key that is wrong or missing, where that is another one. */
  key?: string;
  expected: string;
  found: string;
}

/** Values that are right by themselves and wrong together. The document may have other mistakes. */
export function findContradictions(document: Document): Contradiction[] {
  return [...ofAdapters(document), ...ofActivated(document), ...ofSpread(document), ...ofKernels(document)];
}

function* ofAdapters(document: Document): Generator<Contradiction> {
  const method = document.get("method") ?? "full";
  if (method !== "full" && document.get("model") === "tiny-scratch") {
    const expected = "a trained model, because adapters leave its weights as they are";
    yield { at: ["model"], expected, found: "tiny-scratch, whose weights are random" };
  }
  if (method === "full" && document.has("quantization")) {
    const expected = "method: lora, because weights of 4 bits cannot learn, only adapters on them";
    yield { at: ["quantization"], expected, found: "method: full" };
  }
}

/** What nobody has made or tried for adapters that act from a marker on. */
function* ofActivated(document: Document): Generator<Contradiction> {
  if (document.get("method") !== "alora") return;
  const because = "because method is alora";
  if (document.get("packing") === "none") {
    const expected = `tree or bfd, ${because}: trunk and branches are no padded rows`;
    yield { at: ["packing"], expected, found: "none" };
  }
  if (document.has("quantization")) {
    yield { at: ["quantization"], expected: `none, ${because}`, found: String(document.get("quantization")) };
  }
  for (const key of ["gpus", "nodes"]) {
    const count = Number(document.getIn(["resources", key]) ?? 1);
    if (count > 1) yield { at: ["resources", key], expected: `at most 1, ${because}`, found: String(count) };
  }
  for (const key of ["loss_type", "use_liger_kernel", "torch_compile"]) {
    for (const { at, value } of findTraining(document, key)) {
      if (value)
        yield { at, expected: `none, ${because}, which has a loss of its own`, found: String(value) };
    }
  }
}

function* ofSpread(document: Document): Generator<Contradiction> {
  const at = ["resources", "sharding"];
  const sharding = document.getIn(at);
  if (sharding !== "fsdp" && sharding !== "zero3") return;
  const found = String(sharding);
  if (document.has("quantization")) {
    yield { at, expected: "ddp or auto, because weights of 4 bits cannot be cut into parts", found };
  }
  if (findTraining(document, "optim").some(({ value }) => value === "muon")) {
    yield { at, expected: "ddp or auto, because optim: muon needs its matrices whole", found };
  }
}

function* ofKernels(document: Document): Generator<Contradiction> {
  const liger = findTraining(document, "use_liger_kernel").find(({ value }) => value === true);
  if (liger === undefined) return;
  if (!document.getIn(["resources", "gpus"])) {
    const expected = "resources.gpus of at least 1, because these kernels are for GPUs";
    yield { at: liger.at, expected, found: "a job without a GPU" };
  }
  if (findTraining(document, "loss_type").some(({ value }) => value === "chunked_nll")) {
    const expected = "loss_type: nll or none, because Liger has a loss of its own";
    yield { at: liger.at, expected, found: "loss_type: chunked_nll" };
  }
}

/** A hyperparameter's values, wherever a recipe may give one. */
function findTraining(document: Document, key: string): { at: string[]; value: unknown }[] {
  const roles = document.get("roles");
  const names = isMap(roles) ? roles.items.map(({ key: name }) => String(name)) : [];
  const layers = [
    ["training"],
    ["stages", "backbone"],
    ["stages", "role"],
    ...names.map((name) => ["roles", name, "training"]),
  ];
  return layers
    .map((layer) => [...layer, key])
    .flatMap((at) => (isMap(document.getIn(at.slice(0, -1))) ? [{ at, value: document.getIn(at) }] : []));
}
