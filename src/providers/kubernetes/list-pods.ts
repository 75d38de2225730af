import type { V1Pod } from "@kubernetes/client-node";
import { ask, type Cluster } from "./call.js";
import { LABELS } from "./job-manifest.js";

/** All pods of the job with this label that the cluster still has. */
export async function listPods(cluster: Cluster, label: string): Promise<V1Pod[]> {
  const { namespace } = cluster;
  const labelSelector = `${LABELS.label}=${label}`;
  const { items } = await ask(cluster, `list pods of ${namespace}/${label}`, ({ core }) =>
    core.listNamespacedPod({ namespace, labelSelector }),
  );
  return items;
}
