import { setTimeout as delay } from "node:timers/promises";
import { ProviderSettings } from "../../src/core/provider-settings.js";
import { createKubernetesProvider } from "../../src/providers/kubernetes/create-kubernetes-provider.js";
import type { JobHandle, Provider, Submission } from "../../src/providers/provider.js";
import { type ContainerWorld, makeContainerWorld } from "./container-world.js";
import { type FakeHub, startFakeHub } from "./fake-hub.js";
import { type FakeKubernetes, startFakeKubernetes } from "./fake-kubernetes.js";
import { createScriptedMachine, type ScriptedMachine } from "./scripted-machine.js";

/** A provider on a fake cluster whose containers do what the test says. */
export interface KubernetesWorld extends ContainerWorld {
  hub: FakeHub;
  cluster: FakeKubernetes;
  machines: ScriptedMachine[];
  /** `server` stands before the cluster. */
  create(options?: {
    settings?: Record<string, unknown>;
    server?: string;
    env?: Record<string, string | undefined>;
    timeoutMilliseconds?: number;
  }): Provider;
  close(): Promise<void>;
}

export async function startKubernetesWorld(): Promise<KubernetesWorld> {
  const hub = await startFakeHub();
  const machines: ScriptedMachine[] = [];
  const cluster = await startFakeKubernetes({
    start(env) {
      const machine = createScriptedMachine(env);
      machines.push(machine);
      return machine;
    },
    graceMilliseconds: 5,
  });
  cluster.secrets.set("mllm-hf-token", { HF_TOKEN: hub.token });
  const world = makeContainerWorld(hub);
  return {
    ...world,
    hub,
    cluster,
    machines,
    create({ settings = {}, server, env = {}, timeoutMilliseconds = 5000 } = {}) {
      const path = cluster.writeKubeConfig(world.folder, server === undefined ? {} : { server });
      const { environment } = world;
      return createKubernetesProvider(
        {
          ...environment,
          env: { ...environment.env, KUBECONFIG: path, ...env },
          // Nothing in here takes real time.
          sleep: (milliseconds) => delay(Math.min(5, milliseconds / 1000)),
        },
        ProviderSettings.parse({ kubernetes: settings }).kubernetes,
        { timeoutMilliseconds },
      );
    },
    async close() {
      await cluster.close();
      await hub.close();
    },
  };
}

export function handleOf({ jobId, name, label, outputDir }: Submission): JobHandle {
  return { jobId, name, label, providerJobId: label, outputDir };
}
