import type { RunpodSettings } from "../../core/provider-settings.js";
import { hubAccess } from "../hub/hub-access.js";
import { hubRepository } from "../hub/hub-repository.js";
import { createHubStorage } from "../hub/hub-storage.js";
import type { JobHandle } from "../provider.js";
import type { ProviderEnvironment } from "../provider-environment.js";
import { containerRoot } from "../remote/container-job.js";
import { createRemoteJobs, type RemoteJobs } from "../remote/remote-job.js";
import type { Storage } from "../storage.js";
import { findPod } from "./launch-pod.js";
import type { Pod } from "./pod.js";
import { createRunpodClient, type RunpodClient } from "./runpod-client.js";

interface HubTree {
  repository: string;
  storage: Storage;
  remote: RemoteJobs;
}

/** What the provider's members share. */
export interface RunpodParts {
  environment: ProviderEnvironment;
  settings: RunpodSettings;
  client: RunpodClient;
  /** Where the jobs' files are. Asks the Hub once whose the token is. */
  tree(): Promise<HubTree>;
  /** When pods were made by this command, in milliseconds: RunPod may not show them at once. */
  made: Map<string, number>;
}

/** How long a pod that was just made may not be shown. Not documented. */
export const SETTLE_SECONDS = 20;

export function createRunpodParts(environment: ProviderEnvironment, settings: RunpodSettings): RunpodParts {
  const client = createRunpodClient(environment);
  return {
    environment,
    settings,
    client,
    tree: once(() => openTree(environment, settings)),
    made: new Map(),
  };
}

/** The job's pod, or null where RunPod has none. */
export function podOf({ client }: RunpodParts, { providerJobId, label }: JobHandle): Promise<Pod | null> {
  return providerJobId === null ? findPod(client, label) : client.getPod(providerJobId);
}

async function openTree(environment: ProviderEnvironment, settings: RunpodSettings): Promise<HubTree> {
  const access = hubAccess(environment);
  const { workspaceId } = environment;
  const repository = await hubRepository(access, { repository: settings.repository, workspaceId });
  const storage = createHubStorage({ ...access, repository, root: containerRoot(environment) });
  return { repository, storage, remote: createRemoteJobs(storage) };
}

/** Asked once, and again after a failure. */
function once<Result>(open: () => Promise<Result>): () => Promise<Result> {
  let opened: Promise<Result> | null = null;
  return () => {
    opened ??= open().catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  };
}
