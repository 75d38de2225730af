import { ProviderError } from "../../core/errors.js";
import type { JobHandle, ProviderJob, Submission } from "../provider.js";
import { createShipment, type Shipment, ship } from "../remote/shipment.js";
import { createBatchScript } from "./batch-script.js";
import { lastWords } from "./explain-slurm-failure.js";
import { findJobId, readJob } from "./find-job.js";
import { chooseGpuRequests, readGpuTypes } from "./gpu-requests.js";
import { isAlive } from "./job-state.js";
import { createSbatchArguments } from "./sbatch-arguments.js";
import { PROVIDER, type SlurmParts } from "./slurm-parts.js";

/** Ships, then lets sbatch take the job once for each GPU type until one is not refused. */
export async function submitJob(parts: SlurmParts, submission: Submission): Promise<ProviderJob> {
  const handle = { ...submission, providerJobId: null };
  const known = await findJobId(parts, handle);
  if (known !== null) return { providerJobId: known };
  const shipment = await shipmentOf(parts, submission);
  const after = await findDependency(parts, submission);
  const requests = await gpuRequests(parts, submission);
  await ship(parts.storage, shipment);
  for (const [index, gres] of requests.entries()) {
    const answer = await sbatch(parts, { submission, shipment, gres, after });
    if ("id" in answer) return { providerJobId: await keepOldest(parts, submission, answer.id) };
    const isLast = index === requests.length - 1;
    if (isLast || !answer.isAboutNodes) throw refusal(parts, answer);
    const adopted = await findJobId(parts, handle);
    if (adopted !== null) return { providerJobId: adopted };
  }
  throw new Error("there is always one request");
}

export async function shipmentOf(parts: SlurmParts, submission: Submission): Promise<Shipment> {
  const python = parts.settings.python ?? null;
  return createShipment({
    submission,
    packageRoot: parts.packageRoot,
    root: await parts.storage.root(),
    options: { python, slots: null, storage: null, release: null, hasOwnEnvironment: python === null },
  });
}

/** What each try asks of `--gres`; throws where the cluster has none of the types. */
export async function gpuRequests(
  { client, settings }: SlurmParts,
  { resources }: Pick<Submission, "resources">,
): Promise<(string | null)[]> {
  if (resources.gpusPerNode === 0) return [null];
  const where = settings.partition === undefined ? [] : [`--partition=${settings.partition}`];
  const args = ["--noheader", "--format=%G", ...where];
  const { stdout } = await client.run({ program: "sinfo", args, isReadOnly: true });
  const found = readGpuTypes(stdout);
  const requests = chooseGpuRequests(resources, found);
  if (requests.length > 0) return requests;
  throw new ProviderError(PROVIDER, `the cluster has no GPU of type ${resources.gpuTypes.join(" or ")}`, {
    code: "no_capacity",
    hint: `It has: ${found.types.join(", ") || "none that Slurm knows of"}. Set resources.gpu, or providers.slurm.partition.`,
  });
}

/** The number of the parent's job; null where there is none, or where it has ended and the runner will see how. */
export async function findDependency(parts: SlurmParts, submission: Submission): Promise<string | null> {
  const { spec, parentJob } = submission;
  if (spec.parent === null || spec.parent.hash !== null || parentJob === null) return null;
  const id = parentJob.providerJobId ?? (await findJobId(parts, parentJob));
  if (id !== null && (await readJob(parts, id, parentJob.label)) !== null) return id;
  // Slurm takes a dependency on a job it has forgotten for satisfied.
  if ((await parts.jobs.runnerState(parentJob))?.state === "ended") return null;
  throw new ProviderError(PROVIDER, `the job before this one, ${parentJob.label}, is not known to Slurm`, {
    code: "no_backbone",
    hint: "Train the backbone again; mllm jobs shows what is known of it.",
  });
}

type Answer = { id: string } | { words: string; isAboutNodes: boolean };

async function sbatch(
  { client, settings }: SlurmParts,
  request: { submission: Submission; shipment: Shipment; gres: string | null; after: string | null },
): Promise<Answer> {
  const { submission, shipment, gres, after } = request;
  const { jobFolder } = shipment;
  const { code, stdout, stderr } = await client.run({
    program: "sbatch",
    args: createSbatchArguments({ submission, settings, jobFolder, gres, after }),
    stdin: createBatchScript(submission, shipment, settings.python ?? "python3"),
  });
  // `7`, or `7;cluster`; some sites let sbatch say more.
  const id = /^(\d+)(;\S+)?$/m.exec(stdout)?.[1];
  if (code === 0 && id !== undefined) return { id };
  if (code === 0) {
    throw new ProviderError(PROVIDER, `sbatch named no job: ${stdout.trim() || "no answer"}`, {
      isAmbiguous: true,
    });
  }
  const isAboutNodes = /node configuration|generic resource|gres/i.test(stderr);
  return { words: lastWords(stderr), isAboutNodes };
}

function refusal(
  { settings }: SlurmParts,
  { words, isAboutNodes }: { words: string; isAboutNodes: boolean },
): ProviderError {
  const { partition = "its default", account = "its default", qos = "its default" } = settings;
  return new ProviderError(PROVIDER, `sbatch refused the job: ${words}`, {
    code: isAboutNodes ? "no_capacity" : "bad_recipe",
    hint: `Asked of partition ${partition}, account ${account}, qos ${qos}; check providers.slurm and resources.`,
  });
}

/** Of two that were submitted at the same moment all see the same one: the number of the first comes first. */
async function keepOldest(
  parts: SlurmParts,
  { label }: Pick<JobHandle, "label">,
  ours: string,
): Promise<string> {
  try {
    const alive = (await parts.client.jobsNamed(label)).filter(({ state }) => isAlive(state));
    const oldest = alive[0]?.id ?? ours;
    if (oldest !== ours) await parts.client.cancel([ours]);
    return oldest;
  } catch {
    // Ours is certain; should there be another one, the script lets one of them run.
    return ours;
  }
}
