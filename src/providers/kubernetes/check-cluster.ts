import type { V1Node, V1ResourceAttributes, V1ResourceQuota } from "@kubernetes/client-node";
import { ProviderError } from "../../core/errors.js";
import type { Resources } from "../../core/resources.js";
import type { Readiness } from "../provider.js";
import { ask, askOrNull, type Cluster, isStatus } from "./call.js";
import { GPU_RESOURCE, gpuValues, TOKEN_KEY } from "./job-manifest.js";
import type { KubernetesPlace } from "./kubernetes-place.js";

type Problem = Readiness["problems"][number];

interface Finding {
  problems: Problem[];
  facts: Readiness["facts"];
}

/** Everything that can be known before a Job is made; the later questions only where the cluster answers at all. */
export async function checkCluster(place: KubernetesPlace, wanted: Resources): Promise<Readiness> {
  const findings = await Promise.all([guard(() => checkHub(place)), guard(() => checkApi(place, wanted))]);
  const problems = findings.flatMap((finding) => finding.problems);
  const facts = Object.assign({}, ...findings.map((finding) => finding.facts));
  return { isReady: problems.length === 0, problems, facts };
}

async function checkHub({ repository }: KubernetesPlace): Promise<Finding> {
  return { problems: [], facts: { repository: await repository() } };
}

async function checkApi(place: KubernetesPlace, wanted: Resources): Promise<Finding> {
  const cluster = place.cluster();
  const { client, namespace } = cluster;
  const { gitVersion } = await ask(cluster, "read version", ({ version }) => version.getCode());
  const facts = { context: client.context, server: client.server, namespace, version: gitVersion };
  const findings = await Promise.all([
    guard(() => checkRights(cluster, wanted)),
    guard(() => checkSecret(cluster, place.settings.hf_token_secret)),
    guard(() => checkNodes(cluster, place, wanted)),
    guard(() => checkQuotas(cluster, wanted)),
  ]);
  return {
    problems: findings.flatMap((finding) => finding.problems),
    facts: Object.assign(facts, ...findings.map((finding) => finding.facts)),
  };
}

/** A failure of one question is a problem, and does not hide the other answers. */
async function guard(ask: () => Promise<Finding>): Promise<Finding> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    const { code, message, hint = "Run `mllm providers check` again." } = error;
    return { problems: [{ code, message, hint }], facts: {} };
  }
}

/** What the provider's requests need. */
async function checkRights(cluster: Cluster, { nodes }: Resources): Promise<Finding> {
  const wanted: V1ResourceAttributes[] = [
    ...["create", "get", "list", "delete"].map((verb) => ({ group: "batch", resource: "jobs", verb })),
    { resource: "pods", verb: "list" },
    { resource: "pods", subresource: "log", verb: "get" },
    ...(nodes > 1 ? ["create", "get", "update", "delete"] : []).map((verb) => ({
      resource: "services",
      verb,
    })),
  ];
  const { namespace } = cluster;
  const answers = await Promise.all(
    wanted.map(async (attributes) => {
      const body = { spec: { resourceAttributes: { ...attributes, namespace } } };
      const { status } = await ask(cluster, "ask what we may do", ({ authorization }) =>
        authorization.createSelfSubjectAccessReview({ body }),
      );
      return status?.allowed === true ? [] : [describeRight(attributes)];
    }),
  );
  const missing = answers.flat();
  if (missing.length === 0) return { problems: [], facts: {} };
  const message = `the kubeconfig's user may not, in namespace ${namespace}: ${missing.join(", ")}`;
  const hint = "Ask the cluster's administrator for a Role with these rights.";
  return { problems: [{ code: "bad_credentials", message, hint }], facts: {} };
}

function describeRight({ verb, group, resource, subresource }: V1ResourceAttributes): string {
  const name = [resource, subresource].filter((part) => part !== undefined).join("/");
  return `${verb} ${name}${group === undefined ? "" : `.${group}`}`;
}

async function checkSecret(cluster: Cluster, name: string): Promise<Finding> {
  const { client, namespace } = cluster;
  const where = `Secret ${namespace}/${name}`;
  try {
    const secret = await askOrNull(cluster, `read ${where}`, ({ core }) =>
      core.readNamespacedSecret({ name, namespace }),
    );
    if (secret?.data?.[TOKEN_KEY]) return { problems: [], facts: { secret: `${name} (${TOKEN_KEY})` } };
    const kubectl = `kubectl --context ${client.context} -n ${namespace}`;
    // A shell's own printf: the token is in no process's arguments.
    const create = `printf %s "$HF_TOKEN" | ${kubectl} create secret generic ${name} --from-file=${TOKEN_KEY}=/dev/stdin`;
    const hint =
      secret === null ? create : `Add the key, or name another with providers.kubernetes.hf_token_secret.`;
    const what = secret === null ? `there is no ${where}` : `${where} has no key ${TOKEN_KEY}`;
    const message = `${what}, from which the job takes its Hugging Face token`;
    return { problems: [{ code: "bad_credentials", message, hint }], facts: {} };
  } catch (error) {
    if (isStatus(error, 403)) return { problems: [], facts: { secret: `${name} (not ours to read)` } };
    throw error;
  }
}

/** A cluster that makes nodes when they are needed may have none now, so too few GPUs are no problem yet. */
async function checkNodes(
  cluster: Cluster,
  { settings }: KubernetesPlace,
  { gpuTypes }: Resources,
): Promise<Finding> {
  const problems: Problem[] = [];
  if (settings.gpu_label !== undefined && gpuTypes.length > 0 && gpuValues(settings, gpuTypes).length === 0) {
    problems.push({
      code: "bad_recipe",
      message: `providers.kubernetes.gpu_values names none of resources.gpu (${gpuTypes.join(", ")})`,
      hint: `Add what the label ${settings.gpu_label} says on such nodes: kubectl get nodes -L ${settings.gpu_label}`,
    });
  }
  try {
    const { items } = await ask(cluster, "list nodes", ({ core }) => core.listNode());
    return { problems, facts: countGpus(items, settings.gpu_label) };
  } catch (error) {
    if (isStatus(error, 403)) return { problems, facts: { gpus: "nodes are not ours to list" } };
    throw error;
  }
}

function countGpus(nodes: readonly V1Node[], label: string | undefined): Readiness["facts"] {
  const withGpus = nodes.filter((node) => gpusOf(node) > 0);
  const kinds = withGpus.flatMap(({ metadata }) => (label && metadata?.labels?.[label]) || []);
  return {
    nodes: nodes.length,
    gpuNodes: withGpus.length,
    gpus: withGpus.reduce((sum, node) => sum + gpusOf(node), 0),
    gpusPerNode: Math.max(0, ...withGpus.map(gpusOf)),
    ...(kinds.length > 0 ? { gpuKinds: [...new Set(kinds)].sort().join(", ") } : {}),
  };
}

function gpusOf({ status }: V1Node): number {
  return Number(status?.allocatable?.[GPU_RESOURCE] ?? 0);
}

async function checkQuotas(cluster: Cluster, { gpusPerNode, nodes }: Resources): Promise<Finding> {
  const { namespace } = cluster;
  try {
    const { items } = await ask(cluster, `list quotas of ${namespace}`, ({ core }) =>
      core.listNamespacedResourceQuota({ namespace }),
    );
    return readQuotas(items, gpusPerNode * nodes);
  } catch (error) {
    if (isStatus(error, 403)) return { problems: [], facts: { quota: "not ours to read" } };
    throw error;
  }
}

function readQuotas(quotas: readonly V1ResourceQuota[], wantedGpus: number): Finding {
  const key = `requests.${GPU_RESOURCE}`;
  const gpus = quotas.flatMap(({ metadata, status }) => {
    const hard = status?.hard?.[key];
    return hard === undefined ? [] : [{ name: metadata?.name, hard, used: status?.used?.[key] ?? "0" }];
  });
  const problems = gpus
    .filter(({ hard }) => Number(hard) < wantedGpus)
    .map(
      ({ name, hard }): Problem => ({
        code: "no_capacity",
        message: `the quota ${name} allows ${hard} GPUs in all, the job wants ${wantedGpus}`,
        hint: "Ask for fewer (resources.gpus, resources.nodes), or have the quota raised.",
      }),
    );
  const quota = gpus.map(({ name, hard, used }) => `${name}: ${used} of ${hard} GPUs used`).join("; ");
  return { problems, facts: quota === "" ? {} : { quota } };
}
