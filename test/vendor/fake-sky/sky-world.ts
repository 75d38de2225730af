import { ProviderSettings } from "../../../src/core/provider-settings.js";
import type { JobHandle, Provider, Submission } from "../../../src/providers/provider.js";
import { createSkypilotProvider } from "../../../src/providers/skypilot/create-skypilot-provider.js";
import { type ContainerWorld, makeContainerWorld } from "../container-world.js";
import type { FakeHub } from "../fake-hub.js";
import { startFakeSky } from "./fake-sky.js";
import type { FakeSky } from "./fake-sky-state.js";

/** A provider, the fake SkyPilot that it asks, and jobs for it. */
export interface SkyWorld extends ContainerWorld {
  sky: FakeSky;
  provider: Provider;
  /** Another provider object of the same surroundings. */
  createProvider(): Provider;
}

export interface SkyWorldOptions {
  hub: FakeHub;
  /** Whether jobs really run; otherwise they wait for what the test says of them. */
  hasMachines?: boolean;
  settings?: object;
  env?: Record<string, string>;
}

export async function makeSkyWorld(options: SkyWorldOptions): Promise<SkyWorld> {
  const { hub, hasMachines = false, settings = {}, env = {} } = options;
  const sky = await startFakeSky({ hub: hasMachines ? hub : null });
  const world = makeContainerWorld(hub, { PATH: process.env.PATH ?? "", ...sky.env, ...env });
  // Only real processes need time.
  const environment = hasMachines ? world.environment : { ...world.environment, sleep: async () => {} };
  const { skypilot } = ProviderSettings.parse({ skypilot: settings });
  const createProvider = () => createSkypilotProvider(environment, skypilot);
  return { ...world, environment, sky, provider: createProvider(), createProvider };
}

export function handleOf(
  { jobId, name, label, outputDir }: Submission,
  providerJobId: string | null = null,
): JobHandle {
  return { jobId, name, label, providerJobId, outputDir };
}
