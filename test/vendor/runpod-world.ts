import { setTimeout as delay } from "node:timers/promises";
import { expect } from "@jest/globals";
import type { ProviderError } from "../../src/core/errors.js";
import { ProviderSettings } from "../../src/core/provider-settings.js";
import type { JobHandle, Provider, Submission } from "../../src/providers/provider.js";
import { createRunpodProvider } from "../../src/providers/runpod/create-runpod-provider.js";
import { type ContainerWorld, makeContainerWorld } from "./container-world.js";
import { type FakeHub, startFakeHub } from "./fake-hub.js";
import { type FakePod, type FakeRunpod, startFakeRunpod } from "./fake-runpod.js";
import { type FaultProxy, impatientFetch, startFaultProxy } from "./fault-proxy.js";

export const H100 = "NVIDIA H100 80GB HBM3";
export const A100 = "NVIDIA A100-SXM4-80GB";

/** RunPod, the Hub, and a proxy between us and RunPod that can make faults. */
export class RunpodWorld {
  readonly world: ContainerWorld;
  provider: Provider;
  /** Milliseconds by which the provider's clock is ahead. */
  skipped = 0;

  private constructor(
    readonly hub: FakeHub,
    readonly fake: FakeRunpod,
    readonly proxy: FaultProxy,
  ) {
    this.world = makeContainerWorld(hub);
    this.provider = this.create();
  }

  static async start(): Promise<RunpodWorld> {
    const hub = await startFakeHub();
    const fake = await startFakeRunpod();
    return new RunpodWorld(hub, fake, await startFaultProxy({ target: fake.server.url }));
  }

  /** Throws where a request broke RunPod's specification. */
  async close(): Promise<void> {
    await this.proxy.close();
    await this.fake.close();
    await this.hub.close();
    expect(this.fake.server.violations).toEqual([]);
  }

  create(settings: Record<string, unknown> = {}, secrets: Record<string, string | null> = {}): Provider {
    const { environment } = this.world;
    const { runpod } = ProviderSettings.parse({ runpod: settings });
    const known: Record<string, string | null> = {
      RUNPOD_API_KEY: this.fake.key,
      HF_TOKEN: this.hub.token,
      ...secrets,
    };
    return createRunpodProvider(
      {
        ...environment,
        env: { ...environment.env, RUNPOD_API_BASE: `${this.proxy.url}/v2` },
        secret: (name) => known[name] ?? null,
        fetch: impatientFetch(300),
        now: () => new Date(Date.now() + this.skipped),
        // Long pauses are between looks; short ones wait for what is on its way.
        sleep: (milliseconds) => delay(milliseconds >= 3000 ? 2 : milliseconds / 20),
      },
      runpod,
    );
  }

  gpuJob(gpuTypes: string[], gpusPerNode = 2): Submission {
    const job = this.world.createSubmission();
    return { ...job, resources: { ...job.resources, gpusPerNode, gpuTypes } };
  }

  /** The newest. */
  pod(): FakePod {
    return this.fake.pods.at(-1) as FakePod;
  }

  firstPod(): FakePod {
    return this.fake.pods[0] as FakePod;
  }
}

export const handleOf = (
  { jobId, name, label, outputDir }: Submission,
  providerJobId: string | null,
): JobHandle => ({ jobId, name, label, outputDir, providerJobId });

export const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error("expected a failure");
    },
    (error: ProviderError) => error,
  );

export function makePod(name: string): FakePod {
  const request = { name, image: "x", gpu: { id: H100 } };
  const createdAt = "2026-06-01T00:00:00Z";
  return { id: "made", name, status: "RUNNING", request, createdAt, isGone: false, machine: null, lines: [] };
}
