import type { V1Job, V1Service } from "@kubernetes/client-node";
import { type Answer, list, missing, ok, refuse } from "./fake-kubernetes-answers.js";
import { FakeJob } from "./fake-kubernetes-job.js";
import { expand, type FakePod, type Surroundings } from "./fake-kubernetes-pod.js";
import { findMistakes } from "./fake-kubernetes-rules.js";

/** What the API's paths work on. */
export interface ClusterState {
  byName: Map<string, FakeJob>;
  created: { manifest: V1Job; command: string[] }[];
  services: Map<string, V1Service>;
  secrets: ReadonlyMap<string, Record<string, string>>;
  denied: ReadonlySet<string>;
  nodes: object[];
  quotas: object[];
  jobQuota: number | null;
  podQuota: string | null;
  around: Surroundings;
}

export interface Exchange {
  url: URL;
  body: unknown;
  name: string;
  namespace: string;
}

/** Pattern, what it takes the right to, and what it does. */
export const kubernetesRoutes: [RegExp, string, (cluster: ClusterState, exchange: Exchange) => Answer][] = [
  [
    /^(?<name>GET) \/version\/?$/,
    "get version",
    () => ok({ gitVersion: "v1.34.1", major: "1", minor: "34" }),
  ],
  [
    /^POST \/apis\/authorization\.k8s\.io\/v1\/(?<name>selfsubjectaccessreviews)$/,
    "create selfsubjectaccessreviews",
    ({ denied }, { body }) => review(denied, body as Review),
  ],
  [jobs("POST"), "create jobs.batch", createJob],
  [
    jobs("GET"),
    "list jobs.batch",
    (cluster, { url }) => list("JobList", cluster.byName.values(), url, (job) => job.toJson()),
  ],
  [
    jobs("GET", true),
    "get jobs.batch",
    (cluster, { name }) => withJob(cluster, name, (job) => ok(job.toJson())),
  ],
  [jobs("DELETE", true), "delete jobs.batch", deleteJob],
  [
    core("GET", "pods"),
    "list pods",
    (cluster, { url }) => list("PodList", podsOf(cluster), url, (pod) => pod.toJson(cluster.around)),
  ],
  [core("GET", "pods", "/log"), "get pods/log", readLog],
  [core("GET", "events"), "list events", (cluster, { url }) => listEvents(cluster, url)],
  [core("GET", "secrets", "/"), "get secrets", (cluster, { name }) => readSecret(cluster, name)],
  [
    core("POST", "services"),
    "create services",
    ({ services }, { body }) => createService(services, body as V1Service),
  ],
  [
    core("GET", "services", "/"),
    "get services",
    ({ services }, { name }) => (services.has(name) ? ok(services.get(name)) : missing("services", name)),
  ],
  [
    core("PUT", "services", "/"),
    "update services",
    ({ services }, { name, body }) => {
      services.set(name, body as V1Service);
      return ok(body);
    },
  ],
  [
    core("DELETE", "services", "/"),
    "delete services",
    ({ services }, { name }) => (services.delete(name) ? ok({ kind: "Status" }) : missing("services", name)),
  ],
  [/^GET \/api\/v1\/(?<name>nodes)$/, "list nodes", ({ nodes }) => ok({ kind: "NodeList", items: nodes })],
  [
    core("GET", "resourcequotas"),
    "list resourcequotas",
    ({ quotas }) => ok({ kind: "ResourceQuotaList", items: quotas }),
  ],
];

function createJob(cluster: ClusterState, { body, namespace }: Exchange): Answer {
  const manifest = body as V1Job;
  const name = manifest.metadata?.name ?? "";
  const mistakes = findMistakes(manifest);
  if (mistakes.length > 0) {
    return refuse(422, "Invalid", `Job.batch "${name}" is invalid: ${mistakes.join(", ")}`);
  }
  if (cluster.byName.has(name)) return refuse(409, "AlreadyExists", `jobs.batch "${name}" already exists`);
  if (cluster.jobQuota !== null && cluster.byName.size >= cluster.jobQuota) {
    const words = `exceeded quota: jobs, requested: count/jobs.batch=1, used: count/jobs.batch=${cluster.byName.size}, limited: count/jobs.batch=${cluster.jobQuota}`;
    return refuse(403, "Forbidden", `jobs.batch "${name}" is forbidden: ${words}`);
  }
  const job = new FakeJob(manifest, namespace, wholeSecond());
  cluster.byName.set(name, job);
  const container = manifest.spec?.template.spec?.containers[0];
  cluster.created.push({ manifest, command: (container?.command ?? []).map((word) => expand(word, {})) });
  return { status: 201, json: job.toJson() };
}

function deleteJob(cluster: ClusterState, { name, url }: Exchange): Answer {
  return withJob(cluster, name, (job) => {
    // Without a policy the pods of this old API are left alone.
    const policy = url.searchParams.get("propagationPolicy");
    if (policy !== "Foreground" && policy !== "Background") throw new Error(`policy ${policy}`);
    job.delete(cluster.around);
    return ok(job.toJson());
  });
}

function withJob(cluster: ClusterState, name: string, act: (job: FakeJob) => Answer): Answer {
  const job = cluster.byName.get(name);
  return job === undefined ? missing("jobs.batch", name) : act(job);
}

function readLog(cluster: ClusterState, { name, url }: Exchange): Answer {
  const pod = podsOf(cluster).find((each) => each.name === name);
  if (pod === undefined) return missing("pods", name);
  const container = url.searchParams.get("container");
  if (pod.machine === null) {
    const words = `container "${container}" in pod "${name}" is waiting to start: ContainerCreating`;
    return refuse(400, "BadRequest", words);
  }
  if (url.searchParams.get("timestamps") !== "true") throw new Error("without timestamps");
  return { text: pod.log(nanosecond(), url.searchParams.get("sinceTime")) };
}

function listEvents(cluster: ClusterState, url: URL): Answer {
  const selector = url.searchParams.get("fieldSelector") ?? "";
  const name = /involvedObject\.name=([^,]+)/.exec(selector)?.[1];
  const isStarved = cluster.podQuota !== null && cluster.byName.has(name ?? "");
  const event = {
    type: "Warning",
    reason: "FailedCreate",
    message: cluster.podQuota,
    lastTimestamp: wholeSecond(),
    involvedObject: { kind: "Job", name },
    metadata: { name: `${name}.1` },
  };
  return ok({ kind: "EventList", items: isStarved ? [event] : [] });
}

function readSecret({ secrets }: ClusterState, name: string): Answer {
  const secret = secrets.get(name);
  if (secret === undefined) return missing("secrets", name);
  const data = Object.entries(secret).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
  return ok({ kind: "Secret", metadata: { name }, data: Object.fromEntries(data) });
}

function createService(services: ClusterState["services"], service: V1Service): Answer {
  const name = service.metadata?.name ?? "";
  if (services.has(name)) return refuse(409, "AlreadyExists", `services "${name}" already exists`);
  const stored = { ...service, metadata: { ...service.metadata, resourceVersion: "1" } };
  services.set(name, stored);
  return { status: 201, json: stored };
}

function review(denied: ReadonlySet<string>, { spec: { resourceAttributes: wanted } }: Review): Answer {
  const resource = [wanted.resource, wanted.subresource].filter(Boolean).join("/");
  const right = `${wanted.verb} ${resource}${wanted.group ? `.${wanted.group}` : ""}`;
  return { status: 201, json: { status: { allowed: !denied.has(right) } } };
}

interface Review {
  spec: {
    resourceAttributes: { verb: string; resource: string; group?: string; subresource?: string };
  };
}

function jobs(method: string, isNamed = false): RegExp {
  const name = isNamed ? "/(?<name>[^/]+)" : "";
  return new RegExp(`^${method} /apis/batch/v1/namespaces/(?<namespace>[^/]+)/jobs${name}$`);
}

/** `end`: `/` for one object, or `/` and a part of it. */
function core(method: string, resource: string, end = ""): RegExp {
  const name = end === "" ? "" : `/(?<name>[^/]+)${end === "/" ? "" : end}`;
  return new RegExp(`^${method} /api/v1/namespaces/(?<namespace>[^/]+)/${resource}${name}$`);
}

function podsOf({ byName }: ClusterState): FakePod[] {
  return [...byName.values()].flatMap((job) => job.pods);
}

export function wholeSecond(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

function nanosecond(): string {
  return new Date().toISOString().replace("Z", "000000Z");
}
