import { ProviderError } from "../../core/errors.js";
import { ask, askOrNull, type Cluster, isStatus } from "./call.js";
import { describePod } from "./describe-pod.js";
import { GRACE_SECONDS } from "./job-manifest.js";
import { listPods } from "./list-pods.js";

const PAUSE_SECONDS = 2;
/** Pods get their time to end, and the cluster some more to notice. */
const PATIENCE_SECONDS = GRACE_SECONDS + 60;

/** Deletes Job, pods and Service, and returns when none of them is there any more. */
export async function cancelJob(cluster: Cluster, name: string): Promise<void> {
  const { namespace } = cluster;
  const target = { name, namespace };
  // Deleting may be repeated. Foreground: the Job is there as long as its pods are.
  await ask(cluster, `delete job ${namespace}/${name}`, ({ batch }) =>
    batch.deleteNamespacedJob({ ...target, propagationPolicy: "Foreground" }),
  ).catch(ignoreMissing);
  await ask(cluster, `delete service ${namespace}/${name}`, ({ core }) =>
    core.deleteNamespacedService(target),
  ).catch(ignoreServiceRefusal);
  for (let seconds = 0; ; seconds += PAUSE_SECONDS) {
    const left = await findRemains(cluster, name);
    if (left === null) return;
    if (seconds >= PATIENCE_SECONDS) throw refuse(cluster, name, left);
    await cluster.sleep(PAUSE_SECONDS * 1000);
  }
}

/** What is still there, in words; null where nothing is. */
async function findRemains(cluster: Cluster, name: string): Promise<string | null> {
  const { namespace } = cluster;
  const job = await askOrNull(cluster, `read job ${namespace}/${name}`, ({ batch }) =>
    batch.readNamespacedJob({ name, namespace }),
  );
  const pods = await listPods(cluster, name);
  const living = pods.filter(({ status }) => !["Succeeded", "Failed"].includes(status?.phase ?? ""));
  if (job === null && living.length === 0) return null;
  return living.length === 0 ? `job ${namespace}/${name}` : living.map(describePod).join("; ");
}

function ignoreMissing(error: unknown): void {
  if (!isStatus(error, 404)) throw error;
}

/** One node's job has none, and who trains on one node need not have the right. */
function ignoreServiceRefusal(error: unknown): void {
  if (!isStatus(error, 403)) ignoreMissing(error);
}

function refuse({ client, namespace }: Cluster, name: string, left: string): ProviderError {
  const kubectl = `kubectl --context ${client.context} -n ${namespace}`;
  return new ProviderError("kubernetes", `${name} was deleted and is NOT gone: ${left}`, {
    code: "unreachable",
    hint: `Its node may be cut off. See: ${kubectl} get pods -l mllm/label=${name} -o wide`,
    isRetryable: true,
  });
}
