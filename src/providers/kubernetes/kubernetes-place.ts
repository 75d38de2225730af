import type { KubernetesSettings } from "../../core/provider-settings.js";
import { hubAccess } from "../hub/hub-access.js";
import { hubRepository } from "../hub/hub-repository.js";
import { createHubStorage } from "../hub/hub-storage.js";
import type { ProviderEnvironment } from "../provider-environment.js";
import { containerRoot } from "../remote/container-job.js";
import type { Storage } from "../storage.js";
import type { Cluster } from "./call.js";
import { openKubernetes } from "./kubernetes-client.js";

/** Cluster and storage. Opened when they are first needed, so that `check` can say what is missing. */
export interface KubernetesPlace {
  environment: ProviderEnvironment;
  settings: KubernetesSettings;
  cluster(): Cluster;
  repository(): Promise<string>;
  storage(): Promise<Storage>;
}

export function createPlace(
  environment: ProviderEnvironment,
  settings: KubernetesSettings,
  options: { timeoutMilliseconds?: number },
): KubernetesPlace {
  const { env, workspaceId, sleep } = environment;
  const repository = keep(async () =>
    hubRepository(hubAccess(environment), { repository: settings.repository, workspaceId }),
  );
  let cluster: Cluster | null = null;
  return {
    environment,
    settings,
    repository,
    cluster() {
      const client = () => openKubernetes({ env, context: settings.context, ...options });
      cluster ??= { client: client(), namespace: settings.namespace, sleep };
      return cluster;
    },
    storage: keep(async () =>
      createHubStorage({
        ...hubAccess(environment),
        repository: await repository(),
        root: containerRoot(environment),
      }),
    ),
  };
}

/** Makes a value once; a failure is not kept. */
function keep<T>(make: () => Promise<T>): () => Promise<T> {
  let kept: Promise<T> | null = null;
  return () => {
    kept ??= make().catch((error: unknown) => {
      kept = null;
      throw error;
    });
    return kept;
  };
}
