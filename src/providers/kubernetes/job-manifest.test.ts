import { spawnSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { hubPython } from "../../../test/vendor/hub-python.js";
import {
  handleOf,
  type KubernetesWorld,
  startKubernetesWorld,
} from "../../../test/vendor/kubernetes-world.js";
import { ProviderSettings } from "../../core/provider-settings.js";
import type { Submission } from "../provider.js";
import { containerCommand } from "../remote/container-command.js";
import { createJobManifest, createServiceManifest } from "./job-manifest.js";

const GPUS = {
  gpu_label: "nvidia.com/gpu.product",
  gpu_values: { "a100-80gb": "NVIDIA-A100-SXM4-80GB", h100: "NVIDIA-H100-80GB-HBM3" },
};

describe("the manifests of a job", () => {
  let world: KubernetesWorld;
  beforeEach(async () => {
    world = await startKubernetesWorld();
  });
  afterEach(() => world.close());

  const withGpus = (job: Submission, nodes = 1): Submission => ({
    ...job,
    resources: { ...job.resources, gpusPerNode: 8, nodes, gpuTypes: ["h100", "a100-80gb"] },
  });

  it("are named by the label, bounded, and put nothing but the name of the token's Secret into the cluster", async () => {
    const job = world.createSubmission();
    const provider = world.create();
    await provider.submit(job);
    const { manifest } = world.cluster.created[0] ?? {};
    expect(manifest).toMatchObject({
      metadata: {
        name: job.label,
        labels: {
          "app.kubernetes.io/managed-by": "mllm",
          "mllm/job": job.jobId,
          "mllm/label": job.label,
        },
      },
      spec: {
        backoffLimit: 0,
        activeDeadlineSeconds: expect.any(Number),
        ttlSecondsAfterFinished: expect.any(Number),
        podFailurePolicy: {
          rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }],
        },
        template: {
          spec: { restartPolicy: "Never", activeDeadlineSeconds: job.spec.deadlineSeconds + 3600 },
        },
      },
    });
    expect(manifest?.spec?.activeDeadlineSeconds).toBeGreaterThan(job.spec.deadlineSeconds + 3600);
    expect(manifest?.spec?.template.spec?.containers[0]?.env).toContainEqual({
      name: "HF_TOKEN",
      valueFrom: { secretKeyRef: { name: "mllm-hf-token", key: "HF_TOKEN" } },
    });
    const plan = await provider.describe(job);
    // What the client leaves out of a request would be missing here.
    expect(manifest).toEqual(JSON.parse(JSON.stringify(plan.requests.at(-1)?.body)));
    expect(JSON.stringify([manifest, plan])).not.toContain(world.hub.token);
  });

  it("give the container the command word for word, though Kubernetes expands it", async () => {
    const job = world.createSubmission();
    await world.create().submit(job);
    const env = world.machines[0]?.env ?? {};
    const { MLLM_REPOSITORY = "", MLLM_KIT = "", MLLM_JOB = "", MLLM_ROOT = "" } = env;
    const expected = containerCommand({
      repository: MLLM_REPOSITORY,
      kit: MLLM_KIT,
      job: MLLM_JOB,
      root: MLLM_ROOT,
      endpoint: world.hub.endpoint,
    });
    expect(world.cluster.created[0]?.command).toEqual(expected.command);
    expect(env).toEqual({ ...expected.env, HF_TOKEN: world.hub.token });
    const [word = ""] = createJobManifest({
      submission: job,
      settings: ProviderSettings.parse({}).kubernetes,
      container: { command: ["echo $$ $(date) $HOME"], env: {} },
    }).spec?.template.spec?.containers[0]?.command ?? [""];
    expect(word).toBe("echo $$$$ $$(date) $$HOME");
  });

  it("ask for GPUs, and for their types in order of preference", async () => {
    const job = withGpus(world.createSubmission());
    await world.create({ settings: GPUS }).submit(job);
    const pod = world.cluster.created[0]?.manifest.spec?.template.spec;
    expect(pod?.containers[0]?.resources).toEqual({ limits: { "nvidia.com/gpu": "8" } });
    const key = GPUS.gpu_label;
    const [first, second] = [GPUS.gpu_values.h100, GPUS.gpu_values["a100-80gb"]];
    expect(pod?.affinity?.nodeAffinity).toEqual({
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key, operator: "In", values: [first, second] }] }],
      },
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 100, preference: { matchExpressions: [{ key, operator: "In", values: [first] }] } },
        { weight: 90, preference: { matchExpressions: [{ key, operator: "In", values: [second] }] } },
      ],
    });
  });

  it("make several nodes an Indexed Job with a Service that goes with it", async () => {
    const job = withGpus(world.createSubmission(), 3);
    const provider = world.create();
    await provider.submit(job);
    expect(world.machines.map(({ env }) => [env.JOB_COMPLETION_INDEX, env.MLLM_MAIN_ADDRESS])).toEqual([
      ["0", `${job.label}-0.${job.label}`],
      ["1", `${job.label}-0.${job.label}`],
      ["2", `${job.label}-0.${job.label}`],
    ]);
    const { manifest } = world.cluster.created[0] ?? {};
    expect(manifest?.spec).toMatchObject({ completionMode: "Indexed", completions: 3, parallelism: 3 });
    expect(manifest?.spec?.template.spec?.subdomain).toBe(job.label);
    expect(world.cluster.services.get(job.label)).toMatchObject({
      metadata: { ownerReferences: [{ kind: "Job", name: job.label }] },
      spec: { clusterIP: "None", selector: { "mllm/label": job.label } },
    });
    await provider.cancel(handleOf(job));
    expect(world.cluster.services.size).toBe(0);
  });

  (hasValidator() ? it : it.skip)("keep to the API's schema, which refuses unknown fields", () => {
    const settings = ProviderSettings.parse({ kubernetes: GPUS }).kubernetes;
    const container = { command: ["bash", "-c", "true"], env: { A: "$(B)" } };
    const manifests = [1, 4].flatMap((nodes) =>
      [world.createSubmission(), withGpus(world.createSubmission(), nodes)].flatMap((job) => {
        const submission = { ...job, resources: { ...job.resources, nodes } };
        const request = { submission, settings, container };
        return [createJobManifest(request), createServiceManifest(request)];
      }),
    );
    expect(validate(manifests)).toEqual([]);
    const [job] = manifests;
    expect(validate([{ ...job, spec: { ...job?.spec, backOffLimit: 1 } }])).toHaveLength(VERSIONS.length);
  });
});

/** The oldest in which pod failure policies are stable, to the newest that the validator has. */
const VERSIONS = ["1.31", "1.32", "1.33", "1.34"];

const VALIDATOR = `
import json, sys
import kubernetes_validate
manifests, versions = json.load(sys.stdin)
problems = []
for version in versions:
    for manifest in manifests:
        try:
            kubernetes_validate.validate(manifest, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            problems.append(f"{version}: {error.message}")
print(json.dumps(problems))
`;

/** `npm test` makes the interpreter and installs the validator. */
function hasValidator(): boolean {
  return spawnSync(hubPython, ["-c", "import kubernetes_validate"]).status === 0;
}

function validate(manifests: readonly object[]): string[] {
  const input = JSON.stringify([manifests, VERSIONS]);
  const { stdout, stderr } = spawnSync(hubPython, ["-c", VALIDATOR], { input, encoding: "utf8" });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout);
}
