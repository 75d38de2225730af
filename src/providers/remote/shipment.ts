import { MllmError } from "../../core/errors.js";
import { type JobSpec, partsOf } from "../../core/job-spec.js";
import type { LaunchPlan, Submission } from "../provider.js";
import type { Storage, StoredInput } from "../storage.js";
import { hashFile } from "./content-files.js";
import { type Kit, readKit } from "./kit.js";
import { layout } from "./layout.js";
import { RunnerConfig } from "./runner-files.js";
import { findModel, type TravellingModel } from "./travelling-model.js";

/** What travels to the job's machine, and what is to be run there. */
export interface Shipment {
  /** The job's folder on the job's machine. */
  jobFolder: string;
  /** PYTHONPATH of `python -m mllm_runner JOB_FOLDER`. */
  pythonPath: string;
  /** In the storage: `kit/<hash>` and `jobs/<name>`. */
  kit: string;
  job: string;
  /** Files named by their content, with sizes; those that the storage has need not be written. */
  inputs: StoredInput[];
  /** `job.json` (its paths are the job machine's) and `runner.json`. */
  jobFiles: { path: string; text: string }[];
}

/** Decides per provider; the rest of the RunnerConfig follows from the submission. */
export type RunnerOptions = Pick<RunnerConfig, "python" | "slots" | "storage" | "release"> & {
  /** Make a virtual environment on the job's machine (below the tree's root). */
  hasOwnEnvironment: boolean;
};

interface ShipmentRequest {
  submission: Submission;
  /** `<packageRoot>/trainer` holds trainer and runner. */
  packageRoot: string;
  /** Absolute path of the tree on the job's machine. */
  root: string;
  options: RunnerOptions;
}

/** Reads and hashes; writes nothing. */
export async function createShipment(request: ShipmentRequest): Promise<Shipment> {
  const { submission, packageRoot, root } = request;
  const { spec, name } = submission;
  const hasTiny = spec.model === "tiny" || spec.baseModel === "tiny";
  const kit = await readKit(packageRoot, { hasTiny });
  const model = await findModel(submission, { packageRoot, root });
  const data = await readData(spec);
  const paths = { kit: layout.kit(kit.hash), job: layout.job(name) };
  const kitInputs = kit.files.map((each) => ({
    path: `${paths.kit}/${each.path}`,
    file: each.file,
    sizeBytes: each.sizeBytes,
  }));
  const job = rewriteSpec(spec, { root, job: paths.job, model });
  const runner = createRunnerConfig(request, {
    kit,
    needs: [...data.map(({ path }) => path), ...model.needs],
  });
  return {
    ...paths,
    jobFolder: `${root}/${paths.job}`,
    pythonPath: `${root}/${paths.kit}/trainer`,
    inputs: [...kitInputs, ...data, ...model.inputs],
    jobFiles: [
      { path: `${paths.job}/job.json`, text: formatJson(job) },
      { path: `${paths.job}/runner.json`, text: formatJson(runner) },
    ],
  };
}

/** Everything that `ship` would write to an empty storage, for a dry run to show. */
export function listUploads({ inputs, jobFiles }: Shipment): LaunchPlan["uploads"] {
  return [
    ...inputs.map(({ path, sizeBytes }) => ({ path, sizeBytes })),
    ...jobFiles.map(({ path, text }) => ({ path, sizeBytes: Buffer.byteLength(text) })),
  ];
}

/** Writes what the storage lacks: inputs first, the job's own files last. May be repeated. */
export async function ship(storage: Storage, shipment: Shipment): Promise<void> {
  const missing = await missingInputs(storage, shipment);
  if (missing.length > 0) await storage.write(missing);
  await storage.write(shipment.jobFiles);
}

/** What the storage lacks of the inputs; changes nothing. */
export async function missingInputs(
  storage: Storage,
  { inputs }: Pick<Shipment, "inputs">,
): Promise<StoredInput[]> {
  const folders = [...new Set(inputs.map(({ path }) => contentFolder(path)))];
  const stored = (await Promise.all(folders.map((folder) => storage.list(folder)))).flat();
  const sizes = new Map(stored.map(({ path, sizeBytes }) => [path, sizeBytes]));
  return inputs.filter(({ path, sizeBytes }) => sizes.get(path) !== sizeBytes);
}

/** `data` itself, and one folder of each other kind. */
function contentFolder(path: string): string {
  const [kind = "", name = ""] = path.split("/");
  return kind === "data" ? kind : `${kind}/${name}`;
}

/** All files of rows and the profile under the names of their content, which therefore has to be what the plan says. */
async function readData(spec: JobSpec): Promise<StoredInput[]> {
  const inputs = new Map<string, StoredInput>();
  const files = partsOf(spec).flatMap(({ data }) =>
    (["train", "validation", "profile"] as const).map((name) => [data[name], data.sha256[name]] as const),
  );
  for (const [file, expected] of files) {
    if (file === null || expected === null || inputs.has(expected)) continue;
    const { sizeBytes, sha256 } = await hashFile(file);
    if (sha256 !== expected) {
      throw new MllmError("bad_dataset", `${file} is not the file the job was planned with`, {
        hint: "Run mllm split-data again, then start the training anew.",
      });
    }
    inputs.set(sha256, { path: layout.data(sha256), file, sizeBytes });
  }
  return [...inputs.values()];
}

function rewriteSpec(
  spec: JobSpec,
  { root, job, model }: { root: string; job: string; model: TravellingModel },
): JobSpec {
  const absolute = (sha256: string) => `${root}/${layout.data(sha256)}`;
  const rewrite = (data: JobSpec["data"]): JobSpec["data"] => {
    const { train, validation, profile } = data.sha256;
    return {
      ...data,
      train: absolute(train),
      validation: validation === null ? null : absolute(validation),
      profile: absolute(profile),
    };
  };
  const parts = spec.parts?.map((part) => ({ ...part, data: rewrite(part.data) }));
  return {
    ...spec,
    model: model.path === null ? spec.model : `${root}/${model.path}`,
    data: rewrite(spec.data),
    outputDir: `${root}/${job}`,
    ...(parts === undefined ? {} : { parts }),
  };
}

function createRunnerConfig(
  { submission, root, options }: ShipmentRequest,
  { kit, needs }: { kit: Kit; needs: string[] },
): RunnerConfig {
  const { spec, resources, parentJob } = submission;
  const isDeferred = spec.parent !== null && spec.parent.hash === null;
  return RunnerConfig.parse({
    version: 1,
    jobId: submission.jobId,
    label: submission.label,
    deadlineSeconds: spec.deadlineSeconds,
    python: options.python,
    environment: options.hasOwnEnvironment
      ? {
          folder: `${root}/${layout.environment(kit.requirementsHash)}`,
          requirements: `${root}/${layout.kit(kit.hash)}/trainer/requirements.txt`,
        }
      : null,
    processes: { nodes: resources.nodes, gpusPerNode: resources.gpusPerNode },
    slots: options.slots,
    after: isDeferred && parentJob !== null ? `${root}/${layout.job(parentJob.name)}` : null,
    storage: options.storage && {
      ...options.storage,
      inputs: [...new Set([...options.storage.inputs, ...needs])],
    },
    release: options.release,
  } satisfies RunnerConfig);
}

function formatJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
