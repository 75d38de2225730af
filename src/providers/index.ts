import { MllmError } from "../core/errors.js";
import type { ProviderSettings } from "../core/provider-settings.js";
import type { Provider } from "./provider.js";
import type { ProviderEnvironment } from "./provider-environment.js";
import { PROVIDER_TRAITS, type ProviderTraits } from "./provider-traits.js";

export interface ProviderEntry {
  name: string;
  /** One line for people. */
  summary: string;
  traits: ProviderTraits;
  create(environment: ProviderEnvironment, settings: ProviderSettings): Promise<Provider>;
}

/** A provider's code is loaded when it is used. */
export const PROVIDERS: readonly ProviderEntry[] = [
  {
    name: "local",
    summary: "this machine",
    traits: PROVIDER_TRAITS.local,
    create: async ({ local }, settings) =>
      (await import("./local/create-local-provider.js")).createLocalProvider(local, settings.local.jobs),
  },
  {
    name: "ssh",
    summary: "a machine that ssh reaches",
    traits: PROVIDER_TRAITS.ssh,
    create: async (environment, { ssh }) =>
      (await import("./ssh/create-ssh-provider.js")).createSshProvider(environment, ssh),
  },
  {
    name: "slurm",
    summary: "a Slurm cluster, by its commands here or on a login node",
    traits: PROVIDER_TRAITS.slurm,
    create: async (environment, { slurm }) =>
      (await import("./slurm/create-slurm-provider.js")).createSlurmProvider(environment, slurm),
  },
  {
    name: "hf-jobs",
    summary: "Hugging Face Jobs",
    traits: PROVIDER_TRAITS["hf-jobs"],
    create: async (environment, settings) =>
      (await import("./hf-jobs/create-hf-jobs-provider.js")).createHfJobsProvider(
        environment,
        settings["hf-jobs"],
      ),
  },
  {
    name: "runpod",
    summary: "RunPod: pods by the hour",
    traits: PROVIDER_TRAITS.runpod,
    create: async (environment, { runpod }) =>
      (await import("./runpod/create-runpod-provider.js")).createRunpodProvider(environment, runpod),
  },
  {
    name: "skypilot",
    summary: "SkyPilot's managed jobs, in whatever cloud `sky` may use",
    traits: PROVIDER_TRAITS.skypilot,
    create: async (environment, { skypilot }) =>
      (await import("./skypilot/create-skypilot-provider.js")).createSkypilotProvider(environment, skypilot),
  },
  {
    name: "together",
    summary: "Together's managed fine-tuning",
    traits: PROVIDER_TRAITS.together,
    create: async (environment, { together }) =>
      (await import("./together/create-together-provider.js")).createTogetherProvider(environment, together),
  },
  {
    name: "kubernetes",
    summary: "a Kubernetes cluster, one batch/v1 Job for each job",
    traits: PROVIDER_TRAITS.kubernetes,
    create: async (environment, { kubernetes }) =>
      (await import("./kubernetes/create-kubernetes-provider.js")).createKubernetesProvider(
        environment,
        kubernetes,
      ),
  },
];

/** Throws not_found for a name that is not in the list. */
export async function createProvider(
  name: string,
  environment: ProviderEnvironment,
  settings: ProviderSettings,
): Promise<Provider> {
  const entry = PROVIDERS.find((provider) => provider.name === name);
  if (entry !== undefined) return entry.create(environment, settings);
  throw new MllmError("not_found", `there is no provider ${name}`, {
    hint: `Providers: ${PROVIDERS.map((provider) => provider.name).join(", ")}.`,
  });
}
