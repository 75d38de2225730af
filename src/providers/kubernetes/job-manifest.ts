import type { V1Affinity, V1Container, V1EnvVar, V1Job, V1Service } from "@kubernetes/client-node";
import type { KubernetesSettings } from "../../core/provider-settings.js";
import type { Submission } from "../provider.js";
import type { ContainerCommand } from "../remote/container-command.js";

export const LABELS = {
  managedBy: "app.kubernetes.io/managed-by",
  job: "mllm/job",
  label: "mllm/label",
} as const;
export const MANAGED_BY = "mllm";
export const CONTAINER = "trainer";
export const TOKEN_KEY = "HF_TOKEN";
export const GPU_RESOURCE = "nvidia.com/gpu";

/** The runner gives the trainer a minute to save, and then has to bring away what was saved. */
export const GRACE_SECONDS = 180;
/** Beyond the runner's own deadline, which is the first to end a job: to pull the image, to fetch and to bring back. */
const MARGIN_SECONDS = 3600;
/** The Job's own limit counts while it waits for a node, too. */
const WAITING_SECONDS = 24 * 3600;
/** An ended Job and its log stay so long: over a weekend. */
const KEPT_SECONDS = 3 * 24 * 3600;

export interface ManifestRequest {
  submission: Submission;
  settings: KubernetesSettings;
  container: ContainerCommand;
}

/**
 * The Job of one attempt, named by its label. Its pods are not started again when they fail, and are when their node
 * is taken away (https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy).
 */
export function createJobManifest(request: ManifestRequest): V1Job {
  const { submission, settings } = request;
  const { label, spec, resources } = submission;
  const labels = createLabels(submission);
  const affinity = createAffinity(settings, resources.gpuTypes);
  const hasGpus = resources.gpusPerNode > 0;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: label, namespace: settings.namespace, labels },
    spec: {
      ...(resources.nodes > 1
        ? { completionMode: "Indexed", completions: resources.nodes, parallelism: resources.nodes }
        : {}),
      backoffLimit: 0,
      activeDeadlineSeconds: spec.deadlineSeconds + MARGIN_SECONDS + WAITING_SECONDS,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      podFailurePolicy: {
        rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }],
      },
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: "Never",
          // Of one pod, from when it has a node.
          activeDeadlineSeconds: spec.deadlineSeconds + MARGIN_SECONDS,
          terminationGracePeriodSeconds: GRACE_SECONDS,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          ...(resources.nodes > 1 ? { subdomain: label } : {}),
          ...(affinity === null ? {} : { affinity }),
          ...(hasGpus
            ? {
                tolerations: [{ key: GPU_RESOURCE, operator: "Exists", effect: "NoSchedule" }],
                volumes: [{ name: "shared-memory", emptyDir: { medium: "Memory" } }],
              }
            : {}),
          containers: [createContainer(request)],
        },
      },
    },
  };
}

/** How the pods of a job on several nodes find the first one. */
export function createServiceManifest({ submission, settings }: ManifestRequest): V1Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: submission.label,
      namespace: settings.namespace,
      labels: createLabels(submission),
    },
    spec: {
      clusterIP: "None",
      // The pods look for each other before any of them could be called ready.
      publishNotReadyAddresses: true,
      selector: { [LABELS.label]: submission.label },
    },
  };
}

function createContainer({ submission, settings, container }: ManifestRequest): V1Container {
  const { label, resources } = submission;
  const env: V1EnvVar[] = Object.entries({
    ...container.env,
    // Kubernetes names the pods of an Indexed Job so; it sets JOB_COMPLETION_INDEX by itself.
    ...(resources.nodes > 1 ? { MLLM_MAIN_ADDRESS: `${label}-0.${label}` } : {}),
  }).map(([name, value]) => ({ name, value: escapeDollars(value) }));
  return {
    name: CONTAINER,
    image: resources.image,
    command: container.command.map(escapeDollars),
    env: [
      ...env,
      { name: TOKEN_KEY, valueFrom: { secretKeyRef: { name: settings.hf_token_secret, key: TOKEN_KEY } } },
    ],
    ...(resources.gpusPerNode > 0
      ? {
          resources: { limits: { [GPU_RESOURCE]: String(resources.gpusPerNode) } },
          // NCCL and data loaders need more than a container's usual 64 MB.
          volumeMounts: [{ name: "shared-memory", mountPath: "/dev/shm" }],
        }
      : {}),
  };
}

/** Kubernetes would replace `$(NAME)` and turn `$$` into `$` before a shell sees it. */
function escapeDollars(text: string): string {
  return text.replaceAll("$", "$$$$");
}

function createLabels({ jobId, label }: Submission): Record<string, string> {
  return { [LABELS.managedBy]: MANAGED_BY, [LABELS.job]: jobId, [LABELS.label]: label };
}

/** The node label's values for the GPU types that were asked for, in their order. */
export function gpuValues(
  { gpu_label, gpu_values }: KubernetesSettings,
  gpuTypes: readonly string[],
): string[] {
  if (gpu_label === undefined) return [];
  return gpuTypes.flatMap((type) => gpu_values[type] ?? []);
}

/** Any of the GPUs, the earlier the better. */
function createAffinity(settings: KubernetesSettings, gpuTypes: readonly string[]): V1Affinity | null {
  const { gpu_label: key } = settings;
  const values = gpuValues(settings, gpuTypes);
  if (key === undefined || values.length === 0) return null;
  const one = (value: string) => ({ matchExpressions: [{ key, operator: "In", values: [value] }] });
  const preferred = values.map((value, index) => ({
    weight: Math.max(1, 100 - 10 * index),
    preference: one(value),
  }));
  return {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key, operator: "In", values }] }],
      },
      ...(values.length > 1 ? { preferredDuringSchedulingIgnoredDuringExecution: preferred } : {}),
    },
  };
}
