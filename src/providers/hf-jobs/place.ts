import type { HfJobsSettings } from "../../core/provider-settings.js";
import { type HubAccess, hubAccess } from "../hub/hub-access.js";
import { hubAccount } from "../hub/hub-repository.js";
import { createHubStorage } from "../hub/hub-storage.js";
import type { ProviderEnvironment } from "../provider-environment.js";
import { containerRoot } from "../remote/container-job.js";
import type { Storage } from "../storage.js";
import { dollarsPerHour } from "./hardware.js";
import { type JobsAccess, listHardware } from "./jobs-client.js";

/** What every member works with; nothing is asked for before it is needed. */
export interface HfJobsPlace {
  environment: ProviderEnvironment;
  settings: HfJobsSettings;
  access(): HubAccess;
  namespace(): Promise<string>;
  repository(): Promise<string>;
  storage(): Promise<Storage>;
  jobs(): Promise<JobsAccess>;
  /** US dollars an hour by flavor; empty where the vendor does not say so just now. */
  prices(): Promise<ReadonlyMap<string, number | null>>;
}

export function createHfJobsPlace(environment: ProviderEnvironment, settings: HfJobsSettings): HfJobsPlace {
  const access = () => hubAccess(environment);
  const account = once(async () => (await hubAccount(access())).name);
  const namespace = async () => settings.namespace ?? account();
  const repository = async () =>
    settings.repository ?? `${await namespace()}/mllm-${environment.workspaceId}`;
  const catalog = once(async () => {
    const hardware = await listHardware(access());
    return new Map(hardware.map((each) => [each.name, dollarsPerHour(each)]));
  });
  return {
    environment,
    settings,
    access,
    namespace,
    repository,
    storage: once(async () =>
      createHubStorage({ ...access(), repository: await repository(), root: containerRoot(environment) }),
    ),
    jobs: async () => ({ ...access(), namespace: await namespace() }),
    prices: () => catalog().catch(() => new Map()),
  };
}

/** Asks once; again where that failed. */
function once<Value>(ask: () => Promise<Value>): () => Promise<Value> {
  let asked: Promise<Value> | null = null;
  return () => {
    asked ??= ask().catch((error: unknown) => {
      asked = null;
      throw error;
    });
    return asked;
  };
}
