import type { SshSettings } from "../../core/provider-settings.js";
import { createSshHost } from "../host/create-ssh-host.js";
import type { Host } from "../host/host.js";
import { createHostStorage } from "../host/host-storage.js";
import type { ProviderEnvironment } from "../provider-environment.js";
import { createRemoteJobs, type RemoteJobs } from "../remote/remote-job.js";
import type { Storage } from "../storage.js";

export const PROVIDER = "ssh";

/** What the members of the provider work with. */
export interface SshParts extends Pick<ProviderEnvironment, "packageRoot" | "sleep" | "secret"> {
  settings: SshSettings;
  /** Between the request to end and the kill. The runner itself gives its trainer a minute. */
  graceSeconds: number;
  host: Host;
  storage: Storage;
  jobs: RemoteJobs;
}

export interface SshOptions {
  /** 75, which is more than the runner takes. */
  graceSeconds?: number;
}

export function createSshParts(
  { env, packageRoot, sleep, secret }: ProviderEnvironment,
  settings: SshSettings,
  { graceSeconds = 75 }: SshOptions = {},
): SshParts {
  const host = createSshHost({ provider: PROVIDER, host: settings.host, env });
  const storage = createHostStorage({ provider: PROVIDER, host, folder: settings.folder, env });
  const jobs = createRemoteJobs(storage);
  return { packageRoot, sleep, secret, settings, graceSeconds, host, storage, jobs };
}
