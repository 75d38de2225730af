import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { V1Job, V1Service } from "@kubernetes/client-node";
import {
  type ApiObject,
  expand,
  FakeJob,
  type FakePod,
  type Obstacle,
  type Surroundings,
} from "./fake-kubernetes-job.js";
import { findMistakes } from "./fake-kubernetes-rules.js";
import type { FakeMachine } from "./fake-machine.js";

/** A cluster's API as far as the provider needs it, with a Job controller and a node whose containers are fake machines. */
export interface FakeKubernetes {
  url: string;
  token: string;
  /** Writes a kubeconfig for it, or for what stands before it, and returns its path. */
  writeKubeConfig(folder: string, options?: { server?: string; token?: string }): string;
  /** Every Job that was created, with the words of the container's command as it would get them. */
  created: { manifest: V1Job; command: string[] }[];
  services: Map<string, V1Service>;
  secrets: Map<string, Record<string, string>>;
  /** `verb resource` that this token may not: `list nodes`, `create jobs.batch`. */
  denied: Set<string>;
  nodes: object[];
  quotas: object[];
  /** Refuses Jobs beyond so many with the words of a quota. */
  jobQuota: number | null;
  /** Makes no pods, with the words of a quota. */
  podQuota: string | null;
  /** Stands in the way of every pod that has not started. */
  obstacle: Obstacle | null;
  requests: string[];
  /** `METHOD path` of what it does not know. */
  unknownRequests: string[];
  jobs(): FakeJob[];
  /** Of a Job, the newest pod (of an index). Throws where there is none. */
  pod(label: string, index?: number): FakePod;
  /** As when its node is taken away: TERM, then it is gone, and the controller makes another. */
  disrupt(pod: FakePod, reason?: string): void;
  /** As when the Job's activeDeadlineSeconds are over. */
  expire(label: string): void;
  /** As ttlSecondsAfterFinished does. */
  forget(label: string): void;
  close(): Promise<void>;
}

export interface FakeKubernetesOptions {
  start(env: Record<string, string>): FakeMachine;
  graceMilliseconds?: number;
}

interface Exchange {
  verb: string;
  url: URL;
  body: unknown;
  name: string;
  namespace: string;
}

interface Answer {
  status?: number;
  json?: unknown;
  text?: string;
}

export async function startFakeKubernetes(options: FakeKubernetesOptions): Promise<FakeKubernetes> {
  const cluster = new Cluster(options);
  const server = createServer((request, response) => {
    cluster.answer(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cluster.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  cluster.stop = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return cluster;
}

class Cluster implements FakeKubernetes {
  url = "";
  stop: () => Promise<void> = async () => {};
  readonly token = "fake-cluster-token";
  readonly created: FakeKubernetes["created"] = [];
  readonly services = new Map<string, V1Service>();
  readonly secrets = new Map<string, Record<string, string>>();
  readonly denied = new Set<string>();
  nodes: object[] = [];
  quotas: object[] = [];
  jobQuota: number | null = null;
  podQuota: string | null = null;
  obstacle: Obstacle | null = null;
  readonly requests: string[] = [];
  readonly unknownRequests: string[] = [];
  readonly #jobs = new Map<string, FakeJob>();
  /** Of deleted Jobs, until they are gone. */
  readonly #machines: FakeMachine[] = [];
  readonly #around: Surroundings;

  constructor({ start, graceMilliseconds = 3000 }: FakeKubernetesOptions) {
    this.#around = {
      start: (env) => {
        const machine = start(env);
        this.#machines.push(machine);
        return machine;
      },
      secret: (name, key) => this.secrets.get(name)?.[key],
      obstacle: () => this.obstacle,
      graceMilliseconds,
    };
  }

  writeKubeConfig(folder: string, { server = this.url, token = this.token } = {}): string {
    const path = join(folder, `kubeconfig-${Math.random().toString(36).slice(2)}.json`);
    const config = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "fake",
      contexts: [{ name: "fake", context: { cluster: "fake", user: "fake" } }],
      // The client sends nothing over plain HTTP otherwise.
      clusters: [{ name: "fake", cluster: { server, "insecure-skip-tls-verify": true } }],
      users: [{ name: "fake", user: { token } }],
    };
    writeFileSync(path, JSON.stringify(config));
    return path;
  }

  jobs(): FakeJob[] {
    this.#reconcile();
    return [...this.#jobs.values()];
  }

  pod(label: string, index = 0): FakePod {
    this.#reconcile();
    const pod = this.#jobs.get(label)?.pods.findLast((each) => each.index === index);
    if (pod === undefined) throw new Error(`no pod of ${label}`);
    return pod;
  }

  disrupt(pod: FakePod, reason = "PreemptionByScheduler"): void {
    pod.disruption = { reason, message: "preempting to accommodate a higher priority pod" };
    pod.isDeleted = true;
    pod.end(this.#around);
  }

  expire(label: string): void {
    this.#jobs
      .get(label)
      ?.fail("DeadlineExceeded", "Job was active longer than specified deadline", this.#around);
  }

  forget(label: string): void {
    this.#jobs.delete(label);
  }

  async close(): Promise<void> {
    for (const machine of this.#machines) machine.kill();
    await Promise.all(this.#machines.map(({ ended }) => ended));
    await this.stop();
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.url);
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const text = Buffer.concat(pieces).toString();
    const line = `${request.method} ${url.pathname}`;
    this.requests.push(line);
    const isKnown = request.headers.authorization === `Bearer ${this.token}`;
    this.#reconcile();
    const answer = isKnown
      ? this.#route(line, url, text === "" ? null : JSON.parse(text))
      : refuse(401, "Unauthorized", "Unauthorized");
    this.#reconcile();
    const isText = answer.text !== undefined;
    response.writeHead(answer.status ?? 200, { "Content-Type": isText ? "text/plain" : "application/json" });
    response.end(answer.text ?? JSON.stringify(answer.json));
  }

  #route(line: string, url: URL, body: unknown): Answer {
    for (const [pattern, verb, handle] of this.#routes) {
      const groups = pattern.exec(line)?.groups;
      if (groups === undefined) continue;
      const name = groups.name ?? "";
      const isDenied = this.denied.has(verb);
      if (isDenied) {
        return refuse(
          403,
          "Forbidden",
          `${verb}: User "fake" cannot do this in the namespace "${groups.namespace}"`,
        );
      }
      return handle({ verb, url, body, name, namespace: groups.namespace ?? "" });
    }
    this.unknownRequests.push(line);
    return refuse(404, "NotFound", "the server could not find the requested resource");
  }

  readonly #routes: [RegExp, string, (exchange: Exchange) => Answer][] = [
    [
      /^(?<name>GET) \/version\/?$/,
      "get version",
      () => ok({ gitVersion: "v1.34.1", major: "1", minor: "34" }),
    ],
    [
      /^POST \/apis\/authorization\.k8s\.io\/v1\/(?<name>selfsubjectaccessreviews)$/,
      "create selfsubjectaccessreviews",
      ({ body }) => this.#review(body as Review),
    ],
    [jobs("POST"), "create jobs.batch", (exchange) => this.#createJob(exchange)],
    [
      jobs("GET"),
      "list jobs.batch",
      ({ url }) => list("JobList", this.#jobs.values(), url, (job) => job.toJson()),
    ],
    [jobs("GET", true), "get jobs.batch", ({ name }) => this.#withJob(name, (job) => ok(job.toJson()))],
    [jobs("DELETE", true), "delete jobs.batch", (exchange) => this.#deleteJob(exchange)],
    [
      core("GET", "pods"),
      "list pods",
      ({ url }) => list("PodList", this.#pods(), url, (pod) => pod.toJson(this.#around)),
    ],
    [core("GET", "pods", "/log"), "get pods/log", (exchange) => this.#log(exchange)],
    [core("GET", "events"), "list events", ({ url }) => this.#events(url)],
    [core("GET", "secrets", "/"), "get secrets", ({ name }) => this.#secret(name)],
    [core("POST", "services"), "create services", ({ body }) => this.#createService(body as V1Service)],
    [
      core("GET", "services", "/"),
      "get services",
      ({ name }) => (this.services.has(name) ? ok(this.services.get(name)) : missing("services", name)),
    ],
    [
      core("PUT", "services", "/"),
      "update services",
      ({ name, body }) => {
        this.services.set(name, body as V1Service);
        return ok(body);
      },
    ],
    [
      core("DELETE", "services", "/"),
      "delete services",
      ({ name }) => (this.services.delete(name) ? ok({ kind: "Status" }) : missing("services", name)),
    ],
    [/^GET \/api\/v1\/(?<name>nodes)$/, "list nodes", () => ok({ kind: "NodeList", items: this.nodes })],
    [
      core("GET", "resourcequotas"),
      "list resourcequotas",
      () => ok({ kind: "ResourceQuotaList", items: this.quotas }),
    ],
  ];

  #reconcile(): void {
    for (const job of this.#jobs.values()) {
      job.reconcile(this.#around, { now: wholeSecond(), mayMakePods: this.podQuota === null });
      if (job.isDeleted && job.pods.length === 0) {
        this.#jobs.delete(job.name);
        this.#collectServices(job);
      }
    }
  }

  /** What belongs to a Job goes with it. */
  #collectServices({ uid }: FakeJob): void {
    for (const [name, { metadata }] of this.services) {
      if (metadata?.ownerReferences?.some((owner) => owner.uid === uid)) this.services.delete(name);
    }
  }

  #pods(): FakePod[] {
    return [...this.#jobs.values()].flatMap((job) => job.pods);
  }

  #createJob({ body, namespace }: Exchange): Answer {
    const manifest = body as V1Job;
    const name = manifest.metadata?.name ?? "";
    const mistakes = findMistakes(manifest);
    if (mistakes.length > 0) {
      return refuse(422, "Invalid", `Job.batch "${name}" is invalid: ${mistakes.join(", ")}`);
    }
    if (this.#jobs.has(name)) return refuse(409, "AlreadyExists", `jobs.batch "${name}" already exists`);
    if (this.jobQuota !== null && this.#jobs.size >= this.jobQuota) {
      const words = `exceeded quota: jobs, requested: count/jobs.batch=1, used: count/jobs.batch=${this.#jobs.size}, limited: count/jobs.batch=${this.jobQuota}`;
      return refuse(403, "Forbidden", `jobs.batch "${name}" is forbidden: ${words}`);
    }
    const job = new FakeJob(manifest, namespace, wholeSecond());
    this.#jobs.set(name, job);
    const container = manifest.spec?.template.spec?.containers[0];
    this.created.push({ manifest, command: (container?.command ?? []).map((word) => expand(word, {})) });
    return { status: 201, json: job.toJson() };
  }

  #deleteJob({ name, url }: Exchange): Answer {
    return this.#withJob(name, (job) => {
      // Without a policy the pods of this old API are left alone.
      const policy = url.searchParams.get("propagationPolicy");
      if (policy !== "Foreground" && policy !== "Background") throw new Error(`policy ${policy}`);
      job.delete(this.#around);
      return ok(job.toJson());
    });
  }

  #withJob(name: string, act: (job: FakeJob) => Answer): Answer {
    const job = this.#jobs.get(name);
    return job === undefined ? missing("jobs.batch", name) : act(job);
  }

  #log({ name, url }: Exchange): Answer {
    const pod = this.#pods().find((each) => each.name === name);
    if (pod === undefined) return missing("pods", name);
    const container = url.searchParams.get("container");
    if (pod.machine === null) {
      const words = `container "${container}" in pod "${name}" is waiting to start: ContainerCreating`;
      return refuse(400, "BadRequest", words);
    }
    if (url.searchParams.get("timestamps") !== "true") throw new Error("without timestamps");
    return { text: pod.log(nanosecond(), url.searchParams.get("sinceTime")) };
  }

  #events(url: URL): Answer {
    const selector = url.searchParams.get("fieldSelector") ?? "";
    const name = /involvedObject\.name=([^,]+)/.exec(selector)?.[1];
    const isStarved = this.podQuota !== null && this.#jobs.has(name ?? "");
    const event = {
      type: "Warning",
      reason: "FailedCreate",
      message: this.podQuota,
      lastTimestamp: wholeSecond(),
      involvedObject: { kind: "Job", name },
      metadata: { name: `${name}.1` },
    };
    return ok({ kind: "EventList", items: isStarved ? [event] : [] });
  }

  #secret(name: string): Answer {
    const secret = this.secrets.get(name);
    if (secret === undefined) return missing("secrets", name);
    const data = Object.entries(secret).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
    return ok({ kind: "Secret", metadata: { name }, data: Object.fromEntries(data) });
  }

  #createService(service: V1Service): Answer {
    const name = service.metadata?.name ?? "";
    if (this.services.has(name)) return refuse(409, "AlreadyExists", `services "${name}" already exists`);
    const stored = { ...service, metadata: { ...service.metadata, resourceVersion: "1" } };
    this.services.set(name, stored);
    return { status: 201, json: stored };
  }

  #review({ spec: { resourceAttributes: wanted } }: Review): Answer {
    const resource = [wanted.resource, wanted.subresource].filter(Boolean).join("/");
    const right = `${wanted.verb} ${resource}${wanted.group ? `.${wanted.group}` : ""}`;
    return { status: 201, json: { status: { allowed: !this.denied.has(right) } } };
  }
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

function ok(json: unknown): Answer {
  return { json };
}

function missing(resource: string, name: string): Answer {
  return refuse(404, "NotFound", `${resource} "${name}" not found`);
}

function refuse(status: number, reason: string, message: string): Answer {
  return {
    status,
    json: {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message,
      reason,
      code: status,
    },
  };
}

/** Pages as `limit` and `continue` ask. */
function list<T>(kind: string, all: Iterable<T>, url: URL, toJson: (item: T) => ApiObject): Answer {
  const selector = (url.searchParams.get("labelSelector") ?? "").split(",").filter((part) => part !== "");
  const items = [...all].map(toJson).filter(({ metadata }) =>
    selector.every((part) => {
      const [key = "", value] = part.split("=");
      return metadata.labels[key] === value;
    }),
  );
  const start = Number(url.searchParams.get("continue") ?? 0);
  const end = start + (Number(url.searchParams.get("limit")) || items.length);
  return ok({
    kind,
    metadata: end < items.length ? { continue: String(end) } : {},
    items: items.slice(start, end),
  });
}

function wholeSecond(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

function nanosecond(): string {
  return new Date().toISOString().replace("Z", "000000Z");
}
