import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { fakeHandle, fakeSubmission, makeFolder } from "../../../test/fake-trainer.js";
import { createFolderStorage } from "../../../test/folder-storage.js";
import { sha256 } from "../../core/ids.js";
import { JobSpec } from "../../core/job-spec.js";
import type { Submission } from "../provider.js";
import { RunnerConfig } from "./runner-files.js";
import { createShipment, type RunnerOptions, type Shipment, ship } from "./shipment.js";

const ROOT = "/data/mllm";
const onHost: RunnerOptions = {
  python: null,
  slots: `${ROOT}/slots`,
  storage: null,
  release: null,
  hasOwnEnvironment: true,
};
const onHub: RunnerOptions = {
  python: null,
  slots: null,
  storage: { kind: "hub", repository: "me/mllm", root: ROOT, inputs: [], syncSeconds: 30 },
  release: null,
  hasOwnEnvironment: false,
};

let folder: string;
let packageRoot: string;

beforeEach(() => {
  folder = makeFolder();
  packageRoot = join(folder, "package");
  put("package/trainer/requirements.txt", "torch==2.13.0\n");
  put("package/trainer/mllm_trainer/__main__.py", "train()");
  put("package/trainer/mllm_trainer/__pycache__/x.pyc", "compiled");
  put("package/trainer/mllm_runner/__main__.py", "run()");
  put("package/trainer/tests/test_it.py", "assert True");
  put("package/data/tiny/config.json", "{}");
});

function put(path: string, text: string): string {
  const target = join(folder, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
  return target;
}

/** A submission whose data files are there. */
function makeSubmission(overrides: Parameters<typeof fakeSubmission>[1] = {}): Submission {
  const text = { train: "rows\n", validation: "more rows\n", profile: "{}" };
  const data = {
    train: put("data/train.jsonl", text.train),
    validation: put("data/validation.jsonl", text.validation),
    profile: put("data/profile.json", text.profile),
    hash: sha256("data"),
    sha256: {
      train: sha256(text.train),
      validation: sha256(text.validation),
      profile: sha256(text.profile),
    },
  };
  return fakeSubmission(folder, { data, ...overrides });
}

const create = (submission: Submission, options = onHost) =>
  createShipment({ submission, packageRoot, root: ROOT, options });

function readFiles(shipment: Shipment): { job: JobSpec; runner: RunnerConfig } {
  const [job, runner] = shipment.jobFiles.map((file) => JSON.parse("text" in file ? file.text : ""));
  return { job: JobSpec.parse(job), runner: RunnerConfig.parse(runner) };
}

const pathsOf = (shipment: Shipment) => shipment.inputs.map(({ path }) => path);

/** A complete checkpoint folder; returns its hash. */
function putCheckpoint(path: string, overrides: Record<string, unknown> = {}): string {
  put(`${path}/model.safetensors`, "weights");
  put(`${path}/optimizer.pt`, "moments");
  const file = (name: string, text: string) => ({ path: name, sizeBytes: text.length, sha256: sha256(text) });
  const hash = sha256("checkpoint");
  const manifest = {
    version: 1,
    id: "backbone-4-00000000",
    hash,
    kind: "full",
    stage: 1,
    subset: "backbone",
    globalStep: 4,
    bestStep: 4,
    jobId: "job-backbone",
    jobKey: "key",
    recipe: { name: "tiny", sha256: sha256("tiny") },
    baseModel: "tiny",
    parent: null,
    dataHash: "data",
    profileHash: "profile",
    endOfTurnToken: "</s>",
    metrics: { validationLoss: 1, initialValidationLoss: 2, trainLoss: 1 },
    versions: {},
    files: [file("model.safetensors", "weights")],
    resumeFiles: [file("optimizer.pt", "moments")],
    ...overrides,
  };
  put(`${path}/checkpoint.json`, JSON.stringify(manifest));
  return hash;
}

describe("createShipment", () => {
  it("sends trainer, runner, requirements and the tiny model, and nothing else of the package", async () => {
    const shipment = await create(makeSubmission());
    expect(shipment.kit).toMatch(/^kit\/[0-9a-f]{64}$/);
    expect(pathsOf(shipment).filter((path) => path.startsWith("kit/"))).toEqual([
      `${shipment.kit}/trainer/mllm_runner/__main__.py`,
      `${shipment.kit}/trainer/mllm_trainer/__main__.py`,
      `${shipment.kit}/trainer/requirements.txt`,
      `${shipment.kit}/data/tiny/config.json`,
    ]);
    expect(shipment.pythonPath).toBe(`${ROOT}/${shipment.kit}/trainer`);
    const other = await create(makeSubmission({ model: "Org/Model", baseModel: "Org/Model" }));
    expect(pathsOf(other).join()).not.toContain("tiny");
    expect(other.kit).not.toBe(shipment.kit);
  });

  it("writes the job's paths as the job's machine has them, and names data by their content", async () => {
    const submission = makeSubmission();
    const { job, runner } = readFiles(await create(submission));
    const { sha256: hashes } = submission.spec.data;
    expect(job).toEqual({
      ...submission.spec,
      data: {
        ...submission.spec.data,
        train: `${ROOT}/data/${hashes.train}`,
        validation: `${ROOT}/data/${hashes.validation}`,
        profile: `${ROOT}/data/${hashes.profile}`,
      },
      outputDir: `${ROOT}/jobs/${submission.name}`,
    });
    expect(runner).toMatchObject({
      label: submission.label,
      deadlineSeconds: submission.spec.deadlineSeconds,
      environment: {
        folder: `${ROOT}/environments/${sha256([["requirements.txt", sha256("torch==2.13.0\n")]])}`,
      },
      processes: { nodes: 1, gpusPerNode: 0 },
      slots: `${ROOT}/slots`,
      after: null,
      storage: null,
    });
  });

  it("sends equal files once and leaves a missing validation part out", async () => {
    const submission = makeSubmission();
    const { data } = submission.spec;
    data.validation = null;
    data.sha256.validation = null;
    data.profile = data.train;
    data.sha256.profile = data.sha256.train;
    const shipment = await create(submission);
    expect(pathsOf(shipment).filter((path) => path.startsWith("data/"))).toHaveLength(1);
    expect(readFiles(shipment).job.data.validation).toBeNull();
  });

  it("refuses data that is not what the job was planned with", async () => {
    const submission = makeSubmission();
    put("data/train.jsonl", "other rows\n");
    await expect(create(submission)).rejects.toMatchObject({ code: "bad_dataset" });
  });

  it("sends a base model that is a folder, named by its content", async () => {
    put("base/config.json", "{}");
    put("base/.cache/x", "hidden");
    put("base/sub/weights", "w");
    const base = join(folder, "base");
    const shipment = await create(makeSubmission({ model: base, baseModel: base }), onHub);
    const { job, runner } = readFiles(shipment);
    expect(job.model).toMatch(/^\/data\/mllm\/models\/[0-9a-f]{64}$/);
    const stored = job.model.slice(ROOT.length + 1);
    expect(pathsOf(shipment).filter((path) => path.startsWith("models/"))).toEqual([
      `${stored}/config.json`,
      `${stored}/sub/weights`,
    ]);
    expect(runner.storage?.inputs).toContain(stored);
  });

  it("uses a parent's checkpoint where its job left it", async () => {
    const parentJob = fakeHandle({ jobId: "job-backbone", outputDir: join(folder, "jobs/job-backbone") });
    const submission = makeSubmission({
      subset: "caller",
      model: join(parentJob.outputDir, "checkpoints/checkpoint-4"),
      parent: { jobId: "job-backbone", id: "backbone-4-00000000", hash: sha256("checkpoint") },
    });
    const shipment = await create({ ...submission, parentJob }, onHub);
    const { job, runner } = readFiles(shipment);
    const stored = `jobs/${parentJob.name}/checkpoints/checkpoint-4`;
    expect(job.model).toBe(`${ROOT}/${stored}`);
    expect(runner.after).toBeNull();
    expect(runner.storage?.inputs).toContain(stored);
    expect(pathsOf(shipment).every((path) => /^(kit|data)\//.test(path))).toBe(true);
  });

  it("waits for a parent that has not ended", async () => {
    const parentJob = fakeHandle({ jobId: "job-backbone", outputDir: join(folder, "jobs/job-backbone") });
    const submission = makeSubmission({
      subset: "caller",
      model: parentJob.outputDir,
      parent: { jobId: "job-backbone", id: null, hash: null },
    });
    const { job, runner } = readFiles(await create({ ...submission, parentJob }, onHub));
    expect(job.model).toBe(`${ROOT}/jobs/${parentJob.name}`);
    expect(runner.after).toBe(job.model);
    expect(runner.storage?.inputs).toContain(`jobs/${parentJob.name}`);
    await expect(create(submission)).rejects.toMatchObject({ code: "no_backbone" });
  });

  it("uploads a parent checkpoint without what only its own job needs, the manifest last", async () => {
    const hash = putCheckpoint("parent");
    const submission = makeSubmission({
      subset: "caller",
      model: join(folder, "parent"),
      parent: { jobId: null, id: "backbone-4-00000000", hash },
    });
    const shipment = await create(submission, onHub);
    expect(readFiles(shipment).job.model).toBe(`${ROOT}/checkpoints/${hash}`);
    expect(pathsOf(shipment).filter((path) => path.startsWith("checkpoints/"))).toEqual([
      `checkpoints/${hash}/model.safetensors`,
      `checkpoints/${hash}/checkpoint.json`,
    ]);
    put("parent/model.safetensors", "WEIGHTS");
    await expect(create(submission)).rejects.toMatchObject({ code: "bad_checkpoint" });
  });

  it("sends an adapter's base along and tells the adapter where it lies now", async () => {
    const config = JSON.stringify({ r: 8, base_model_name_or_path: "/elsewhere/data/tiny" });
    put("parent/adapter_config.json", config);
    const file = { path: "adapter_config.json", sizeBytes: config.length, sha256: sha256(config) };
    const hash = putCheckpoint("parent", { kind: "adapter", files: [file] });
    const shipment = await create(
      makeSubmission({
        subset: "caller",
        model: join(folder, "parent"),
        parent: { jobId: null, id: "backbone-4-00000000", hash },
      }),
      onHub,
    );
    const base = pathsOf(shipment).find((path) => path.startsWith("models/"));
    const stored = base?.replace("/config.json", "") ?? "";
    expect(readFiles(shipment).runner.storage?.inputs).toContain(stored);
    const sent = shipment.inputs.find(({ path }) => path.endsWith("/adapter_config.json"));
    if (sent === undefined || !("text" in sent))
      throw new Error("the adapter's configuration was not written anew");
    expect(JSON.parse(sent.text)).toEqual({ r: 8, base_model_name_or_path: `${ROOT}/${stored}` });
    expect(sent.sizeBytes).toBe(Buffer.byteLength(sent.text));
  });
});

describe("ship", () => {
  it("writes the job's files last, and inputs only where they are lacking", async () => {
    const storage = createFolderStorage(join(folder, "there"));
    const submission = makeSubmission();
    const shipment = await create(submission);
    await ship(storage, shipment);
    const jobFiles = [`jobs/${submission.name}/job.json`, `jobs/${submission.name}/runner.json`];
    expect(storage.written).toEqual([...pathsOf(shipment), ...jobFiles]);
    expect(readdirSync(join(folder, "there"))).toEqual(["data", "jobs", "kit"]);
    writeFileSync(join(folder, "there", `data/${submission.spec.data.sha256.train}`), "half");
    storage.written.length = 0;
    await ship(storage, shipment);
    expect(storage.written).toEqual([`data/${submission.spec.data.sha256.train}`, ...jobFiles]);
    expect(readFileSync(join(folder, "there", shipment.kit, "trainer/requirements.txt"), "utf8")).toContain(
      "torch",
    );
  });
});
