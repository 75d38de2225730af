import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type KubernetesWorld, startKubernetesWorld } from "../../../test/vendor/kubernetes-world.js";
import type { Resources } from "../../core/resources.js";

const CPU: Resources = { gpusPerNode: 0, nodes: 1, gpuTypes: [], image: "python:3.12", isSpot: false };
const GPU: Resources = { ...CPU, gpusPerNode: 8, gpuTypes: ["h100"] };

describe("checking a cluster", () => {
  let world: KubernetesWorld;
  beforeEach(async () => {
    world = await startKubernetesWorld();
  });
  afterEach(() => world.close());

  const check = (options: Parameters<KubernetesWorld["create"]>[0] = {}, wanted = CPU) =>
    world.create(options).check(wanted);

  it("finds context, version, GPUs, quota and Secret", async () => {
    const labels = { "nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3" };
    const node = (gpus: string) => ({
      metadata: { labels },
      status: { allocatable: { "nvidia.com/gpu": gpus } },
    });
    world.cluster.nodes = [node("8"), node("4"), { metadata: {}, status: { allocatable: { cpu: "4" } } }];
    world.cluster.quotas = [
      {
        metadata: { name: "gpus" },
        status: { hard: { "requests.nvidia.com/gpu": "16" }, used: { "requests.nvidia.com/gpu": "3" } },
      },
    ];
    const settings = { gpu_label: "nvidia.com/gpu.product", gpu_values: { h100: "NVIDIA-H100-80GB-HBM3" } };
    expect(await check({ settings }, GPU)).toEqual({
      isReady: true,
      problems: [],
      facts: {
        repository: "somebody/mllm-test",
        context: "fake",
        server: world.cluster.url,
        namespace: "default",
        version: "v1.34.1",
        secret: "mllm-hf-token (HF_TOKEN)",
        nodes: 3,
        gpuNodes: 2,
        gpus: 12,
        gpusPerNode: 8,
        gpuKinds: "NVIDIA-H100-80GB-HBM3",
        quota: "gpus: 3 of 16 GPUs used",
      },
    });
  });

  it("needs no rights over nodes, quotas and Secrets", async () => {
    for (const right of ["list nodes", "list resourcequotas", "get secrets"]) world.cluster.denied.add(right);
    const { isReady, facts } = await check();
    expect(isReady).toBe(true);
    expect(facts).toMatchObject({
      gpus: "nodes are not ours to list",
      secret: "mllm-hf-token (not ours to read)",
    });
  });

  it("collects all problems: rights, Secret, GPU names, quota", async () => {
    for (const right of ["create jobs.batch", "get pods/log", "create services"])
      world.cluster.denied.add(right);
    world.cluster.secrets.clear();
    world.cluster.quotas = [
      { metadata: { name: "gpus" }, status: { hard: { "requests.nvidia.com/gpu": "4" } } },
    ];
    const { isReady, problems } = await check({ settings: { gpu_label: "gpu" } }, { ...GPU, nodes: 2 });
    expect(isReady).toBe(false);
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining("create jobs.batch, get pods/log, create services"),
      expect.stringContaining("there is no Secret default/mllm-hf-token"),
      expect.stringContaining("gpu_values names none of resources.gpu (h100)"),
      expect.stringContaining("the quota gpus allows 4 GPUs in all, the job wants 16"),
    ]);
    expect(problems[1]?.hint).toBe(
      'printf %s "$HF_TOKEN" | kubectl --context fake -n default create secret generic mllm-hf-token --from-file=HF_TOKEN=/dev/stdin',
    );
  });

  it("tells a Secret without the key", async () => {
    world.cluster.secrets.set("mllm-hf-token", { token: "hf_elsewhere" });
    const { problems } = await check();
    expect(problems).toMatchObject([{ message: expect.stringContaining("has no key HF_TOKEN") }]);
    expect(JSON.stringify(problems)).not.toContain("hf_elsewhere");
  });

  it("shows no credentials where the kubeconfig is refused, broken, incomplete or missing", async () => {
    const secret = "top-secret-token";
    const broken = join(world.folder, "broken");
    writeFileSync(broken, `users: [{name: me, user: {token: ${secret}}}\n  - nonsense: ${secret}: {`);
    const plugin = join(world.folder, "plugin");
    writeFileSync(plugin, JSON.stringify(execConfig(world.cluster.url, secret)));
    const cases: [Record<string, string | undefined>, Record<string, unknown>, RegExp][] = [
      [{ KUBECONFIG: world.cluster.writeKubeConfig(world.folder, { token: secret }) }, {}, /401/],
      [{ KUBECONFIG: broken }, {}, /broken cannot be read/],
      [{ KUBECONFIG: plugin }, {}, /could not sign in/],
      [{}, { context: "other" }, /no usable context "other"/],
      [{ KUBECONFIG: join(world.folder, "none") }, {}, /there is no kubeconfig at .*none/],
    ];
    for (const [env, settings, expected] of cases) {
      const { isReady, problems } = await check({ env, settings });
      expect([isReady, problems]).toEqual([false, [expect.objectContaining({ code: "bad_credentials" })]]);
      expect(problems[0]?.message).toMatch(expected);
      expect(problems[0]?.hint).not.toBe("");
      expect(JSON.stringify(problems)).not.toContain(secret);
    }
  });

  it("says that the Hub's token is missing, and what the cluster says all the same", async () => {
    const { environment } = world;
    const secret = environment.secret;
    environment.secret = () => null;
    const { problems, facts } = await check();
    environment.secret = secret;
    expect(problems).toMatchObject([
      { code: "bad_credentials", message: expect.stringContaining("HF_TOKEN") },
    ]);
    expect(facts).toMatchObject({ version: "v1.34.1" });
  });

  it("lists what is alive, of any workspace", async () => {
    const provider = world.create();
    const jobs = [world.createSubmission(), world.createSubmission()];
    for (const job of jobs) await provider.submit(job);
    expect(await provider.list()).toEqual(
      jobs.map(({ label }) => ({
        providerJobId: label,
        label,
        raw: expect.any(String),
        dollarsPerHour: null,
        startedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      })),
    );
  });
});

/** A plugin that prints a token where it should print JSON. */
function execConfig(server: string, secret: string): object {
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: "echo",
    args: [secret],
    interactiveMode: "Never",
  };
  return {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "fake",
    contexts: [{ name: "fake", context: { cluster: "fake", user: "fake" } }],
    clusters: [{ name: "fake", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "fake", user: { exec } }],
  };
}
