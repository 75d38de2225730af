import type { V1Job } from "@kubernetes/client-node";
import { ProviderError } from "../../core/errors.js";
import { act, ask, askOrNull, type Cluster, isStatus } from "./call.js";
import {
  createJobManifest,
  createServiceManifest,
  LABELS,
  MANAGED_BY,
  type ManifestRequest,
} from "./job-manifest.js";

const PAGE = 500;

/** Null where there is none. Throws where another tool's Job has this name. */
export async function readJob(cluster: Cluster, label: string): Promise<V1Job | null> {
  const { namespace } = cluster;
  const job = await askOrNull(cluster, `read job ${namespace}/${label}`, ({ batch }) =>
    batch.readNamespacedJob({ name: label, namespace }),
  );
  if (job === null || job.metadata?.labels?.[LABELS.label] === label) return job;
  throw new ProviderError(
    "kubernetes",
    `job ${namespace}/${label} is not one of ours: it has not our labels`,
    {
      code: "bad_state",
      hint: "Delete or rename it, or set providers.kubernetes.namespace to another namespace.",
    },
  );
}

/** One create. The name is the label, so where the API already has it, that Job is the one. */
export async function createJob(cluster: Cluster, request: ManifestRequest): Promise<void> {
  const { label, resources } = request.submission;
  const { namespace } = cluster;
  // Before the Job, so that there is none without it.
  if (resources.nodes > 1) await createService(cluster, request);
  const body = createJobManifest(request);
  try {
    const job = await act(cluster, `create job ${namespace}/${label}`, ({ batch }) =>
      batch.createNamespacedJob({ namespace, body, fieldValidation: "Strict" }),
    );
    if (job.metadata?.name !== label) throw notAJob(label);
    if (resources.nodes > 1) await giveService(cluster, job);
  } catch (error) {
    if (!isStatus(error, 409)) throw error;
    refuseDying(await readJob(cluster, label), label);
  }
}

/** A Job on its way out is not adopted: its machine is being given back. */
export function refuseDying(job: V1Job | null, label: string): void {
  if (job?.metadata?.deletionTimestamp === undefined) return;
  throw new ProviderError("kubernetes", `job ${label} is being deleted`, {
    code: "already_running",
    hint: "Run the command again when it is gone.",
    isRetryable: true,
  });
}

/** Every Job of ours in the namespace, ended or not. */
export async function listJobs(cluster: Cluster): Promise<V1Job[]> {
  const { namespace } = cluster;
  const jobs: V1Job[] = [];
  for (let _continue: string | undefined; ; ) {
    const page = await ask(cluster, `list jobs in ${namespace}`, ({ batch }) =>
      batch.listNamespacedJob({
        namespace,
        labelSelector: `${LABELS.managedBy}=${MANAGED_BY}`,
        limit: PAGE,
        ...(_continue === undefined ? {} : { _continue }),
      }),
    );
    jobs.push(...page.items);
    _continue = page.metadata?._continue || undefined;
    if (_continue === undefined) return jobs;
  }
}

/** What the cluster has noted of a Job for which it could make no pods (a quota, for one); the newest last. */
export async function readWarnings(cluster: Cluster, label: string): Promise<string[]> {
  const { namespace } = cluster;
  const fieldSelector = `involvedObject.kind=Job,involvedObject.name=${label},type=Warning`;
  try {
    const { items } = await ask(cluster, `list events of ${namespace}/${label}`, ({ core }) =>
      core.listNamespacedEvent({ namespace, fieldSelector }),
    );
    const time = (event: (typeof items)[number]) => (event.lastTimestamp ?? event.eventTime)?.getTime() ?? 0;
    return items.sort((a, b) => time(a) - time(b)).map(({ reason, message }) => `${reason}: ${message}`);
  } catch (error) {
    // They explain, no more, and may not be ours to read.
    if (isStatus(error, 403)) return [];
    throw error;
  }
}

/** Something between here and the cluster has answered. */
function notAJob(label: string): ProviderError {
  return new ProviderError("kubernetes", `create job ${label}: the answer is no Job`, {
    code: "unreachable",
    isAmbiguous: true,
  });
}

async function createService(cluster: Cluster, request: ManifestRequest): Promise<void> {
  const body = createServiceManifest(request);
  const { namespace } = cluster;
  await act(cluster, `create service ${namespace}/${body.metadata?.name}`, ({ core }) =>
    core.createNamespacedService({ namespace, body, fieldValidation: "Strict" }),
  ).catch((error: unknown) => {
    if (!isStatus(error, 409)) throw error;
  });
}

/** To the Job, with which it then goes. Costs nothing where it stays. */
async function giveService(cluster: Cluster, job: V1Job): Promise<void> {
  const { namespace } = cluster;
  const { name, uid } = job.metadata ?? {};
  if (name === undefined || uid === undefined) return;
  const owner = { apiVersion: "batch/v1", kind: "Job", name, uid };
  try {
    const service = await ask(cluster, `read service ${namespace}/${name}`, ({ core }) =>
      core.readNamespacedService({ name, namespace }),
    );
    const body = { ...service, metadata: { ...service.metadata, ownerReferences: [owner] } };
    await act(cluster, `replace service ${namespace}/${name}`, ({ core }) =>
      core.replaceNamespacedService({ name, namespace, body }),
    );
  } catch (error) {
    // The job runs; `cancel` deletes the Service by its name.
    if (!(error instanceof ProviderError)) throw error;
  }
}
