import { ProviderSettings } from "../../src/core/provider-settings.js";
import { createHfJobsProvider } from "../../src/providers/hf-jobs/create-hf-jobs-provider.js";
import { createKubernetesProvider } from "../../src/providers/kubernetes/create-kubernetes-provider.js";
import { createRunpodProvider } from "../../src/providers/runpod/create-runpod-provider.js";
import { createTogetherProvider } from "../../src/providers/together/create-together-provider.js";
import { makeFolder } from "../fake-trainer.js";
import { type ContainerWorld, makeContainerWorld } from "../vendor/container-world.js";
import { serveFakeHfJobs } from "../vendor/fake-hf-jobs.js";
import { type FakeHub, startFakeHub } from "../vendor/fake-hub.js";
import { startFakeKubernetes } from "../vendor/fake-kubernetes.js";
import { startFakeRunpod } from "../vendor/fake-runpod.js";
import { startFakeTogether } from "../vendor/fake-together.js";
import { type FaultProxy, type FaultProxyOptions, startFaultProxy } from "../vendor/fault-proxy.js";
import { createScriptedMachine, type ScriptedMachine } from "../vendor/scripted-machine.js";
import { togetherEnvironment, togetherSubmission } from "../vendor/together-world.js";
import { leaveResult } from "./leave-result.js";
import type { SoakTarget } from "./soak-target.js";

/** A quarter of all requests is hurt. */
const SHARE = 0.25;
const CLIENT_PATIENCE = 100;

/** Every provider that speaks HTTP. */
export const SOAK_TARGETS: readonly SoakTarget[] = [
  {
    name: "runpod",
    fates: { succeeds: "succeeded", stays: "succeeded", fails: "failed", vanishes: "lost", exits: "failed" },
    async start(seed) {
      const hub = await startFakeHub();
      const fake = await startFakeRunpod();
      const world = makeContainerWorld(hub);
      const proxy = await startProxy({ target: fake.server.url, seed });
      const { runpod } = ProviderSettings.parse({});
      return {
        proxy,
        createSpec: createSpecs(world),
        violations: () => fake.server.violations,
        createProvider: (clock) =>
          createRunpodProvider(
            {
              ...world.environment,
              ...clock,
              env: { ...world.environment.env, RUNPOD_API_BASE: `${proxy.url}/v2` },
              secret: (name) => (name === "RUNPOD_API_KEY" ? fake.key : world.environment.secret(name)),
            },
            runpod,
          ),
        machines: () =>
          fake.pods.map((pod) => ({
            id: pod.id,
            label: pod.name,
            isAlive: () => !pod.isGone,
            end(fate) {
              if (fate !== "vanishes" && fate !== "exits")
                leaveResult(hub, pod.name, fate === "fails" ? "failed" : "done");
              // The runner takes its pod away; where it may not, the pod stays.
              pod.isGone = fate !== "stays" && fate !== "exits";
              if (fate === "exits") pod.status = "EXITED";
            },
          })),
        close: () => closeAll(proxy, fake, hub),
      };
    },
  },
  {
    name: "hf-jobs",
    fates: { succeeds: "succeeded", fails: "failed", errors: "failed" },
    async start(seed) {
      const hub = await startFakeHub();
      const fake = serveFakeHfJobs(hub, { hasMachines: false });
      const world = makeContainerWorld(hub);
      const applies = (_method: string, path: string) => path.startsWith("/api/jobs/");
      const proxy = await startProxy({ target: hub.endpoint, seed, applies });
      return {
        proxy,
        createSpec: createSpecs(world),
        violations: () => fake.violations,
        createProvider: (clock) =>
          createHfJobsProvider(
            { ...world.environment, ...clock, env: { ...world.environment.env, HF_ENDPOINT: proxy.url } },
            ProviderSettings.parse({})["hf-jobs"],
          ),
        machines: () =>
          fake.jobs.map((job) => ({
            id: job.id,
            label: String(job.body.labels?.mllm),
            isAlive: () => job.isLive,
            end(fate) {
              if (fate !== "errors")
                leaveResult(hub, String(job.body.labels?.mllm), fate === "fails" ? "failed" : "done");
              job.told = { stage: fate === "succeeds" ? "COMPLETED" : "ERROR", message: "scripted" };
            },
          })),
        close: () => closeAll(proxy, fake, hub),
      };
    },
  },
  {
    name: "kubernetes",
    fates: { succeeds: "succeeded", fails: "failed", dies: "failed" },
    async start(seed) {
      const hub = await startFakeHub();
      const machines: ScriptedMachine[] = [];
      const cluster = await startFakeKubernetes({
        start(env) {
          const machine = createScriptedMachine(env);
          machines.push(machine);
          return machine;
        },
        graceMilliseconds: 1,
      });
      cluster.secrets.set("mllm-hf-token", { HF_TOKEN: hub.token });
      const world = makeContainerWorld(hub);
      const proxy = await startProxy({ target: cluster.url, seed });
      const KUBECONFIG = cluster.writeKubeConfig(world.folder, { server: proxy.url });
      return {
        proxy,
        createSpec: createSpecs(world),
        violations: () => cluster.unknownRequests,
        createProvider: ({ fetch: _direct, ...clock }) =>
          createKubernetesProvider(
            { ...world.environment, ...clock, env: { ...world.environment.env, KUBECONFIG } },
            ProviderSettings.parse({}).kubernetes,
            { timeoutMilliseconds: CLIENT_PATIENCE },
          ),
        machines: () =>
          cluster.jobs().flatMap((job) =>
            job.pods.map((pod) => ({
              id: pod.name,
              label: job.name,
              isAlive: () => !job.isDeleted && !job.isEnded,
              end(fate) {
                if (fate !== "dies") leaveResult(hub, job.name, fate === "fails" ? "failed" : "done");
                (pod.machine as ScriptedMachine | null)?.end(fate === "succeeds" ? 0 : 1);
              },
            })),
          ),
        close: () => closeAll(proxy, cluster, hub),
      };
    },
  },
  {
    name: "together",
    fates: { succeeds: "succeeded", fails: "failed" },
    async start(seed) {
      const fake = await startFakeTogether();
      fake.control = { pauseAt: "start" };
      const folder = makeFolder();
      const proxy = await startProxy({ target: fake.server.url, seed });
      const url = fake.url.replace(fake.server.url, proxy.url);
      return {
        proxy,
        createSpec: () => togetherSubmission(folder).spec,
        violations: () => fake.server.violations,
        createProvider: (clock) =>
          createTogetherProvider(togetherEnvironment({ url, hub: fake.hub }, clock), {}),
        machines: () =>
          fake.jobs.map((job) => ({
            id: job.id,
            label: job.request.suffix,
            isAlive: () => !job.hasEnded,
            end(fate) {
              if (fate === "fails") return job.end("error", "job_error", "scripted");
              job.mayContinue = true;
              while (!job.hasEnded) job.tick();
            },
          })),
        close: () => closeAll(proxy, fake),
      };
    },
  },
];

function startProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  return startFaultProxy({ share: SHARE, lateMilliseconds: 5, ...options });
}

function createSpecs(world: ContainerWorld) {
  return () => world.createSubmission().spec;
}

async function closeAll(...parts: { close(): Promise<void> }[]): Promise<void> {
  for (const part of parts) await part.close();
}

export { CLIENT_PATIENCE, type FakeHub };
