import type { SlurmSettings } from "../../core/provider-settings.js";
import { createHere } from "../host/create-here.js";
import { createSshHost } from "../host/create-ssh-host.js";
import type { Host } from "../host/host.js";
import { createHostStorage } from "../host/host-storage.js";
import type { ProviderEnvironment } from "../provider-environment.js";
import { createRemoteJobs, type RemoteJobs } from "../remote/remote-job.js";
import type { Storage } from "../storage.js";
import { createSlurmClient, type SlurmClient } from "./slurm-client.js";

export const PROVIDER = "slurm";

/** What the members of the provider work with. */
export interface SlurmParts {
  settings: SlurmSettings;
  packageRoot: string;
  host: Host;
  client: SlurmClient;
  storage: Storage;
  jobs: RemoteJobs;
  sleep(milliseconds: number): Promise<void>;
}

export function createSlurmParts(environment: ProviderEnvironment, settings: SlurmSettings): SlurmParts {
  const env = withoutSecrets(environment.env);
  const host =
    settings.host === undefined
      ? createHere({ provider: PROVIDER, env })
      : createSshHost({ provider: PROVIDER, host: settings.host, env });
  const storage = createHostStorage({ provider: PROVIDER, host, folder: settings.folder, env });
  return {
    settings,
    packageRoot: environment.packageRoot,
    host,
    client: createSlurmClient(PROVIDER, host),
    storage,
    jobs: createRemoteJobs(storage),
    sleep: environment.sleep,
  };
}

/** sbatch hands the environment it is started in to the job, and Slurm keeps it on disk. */
function withoutSecrets(env: ProviderEnvironment["env"]): Record<string, string | undefined> {
  const isSecret = (name: string) => /(^|_)(TOKEN|KEY|SECRET|PASSWORD|CREDENTIALS)(_|$)/i.test(name);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isSecret(name)));
}
