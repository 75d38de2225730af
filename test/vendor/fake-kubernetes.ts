import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { V1Job, V1Service } from "@kubernetes/client-node";
import { type Answer, refuse } from "./fake-kubernetes-answers.js";
import type { FakeJob } from "./fake-kubernetes-job.js";
import type { FakePod, Obstacle, Surroundings } from "./fake-kubernetes-pod.js";
import { type ClusterState, kubernetesRoutes, wholeSecond } from "./fake-kubernetes-routes.js";
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

interface FakeKubernetesOptions {
  start(env: Record<string, string>): FakeMachine;
  graceMilliseconds?: number;
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

class Cluster implements FakeKubernetes, ClusterState {
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
  readonly byName = new Map<string, FakeJob>();
  /** Of deleted Jobs, until they are gone. */
  readonly #machines: FakeMachine[] = [];
  readonly around: Surroundings;

  constructor({ start, graceMilliseconds = 3000 }: FakeKubernetesOptions) {
    this.around = {
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
    return [...this.byName.values()];
  }

  pod(label: string, index = 0): FakePod {
    this.#reconcile();
    const pod = this.byName.get(label)?.pods.findLast((each) => each.index === index);
    if (pod === undefined) throw new Error(`no pod of ${label}`);
    return pod;
  }

  disrupt(pod: FakePod, reason = "PreemptionByScheduler"): void {
    pod.disruption = { reason, message: "preempting to accommodate a higher priority pod" };
    pod.isDeleted = true;
    pod.end(this.around);
  }

  expire(label: string): void {
    this.byName
      .get(label)
      ?.fail("DeadlineExceeded", "Job was active longer than specified deadline", this.around);
  }

  forget(label: string): void {
    this.byName.delete(label);
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
    for (const [pattern, verb, handle] of kubernetesRoutes) {
      const groups = pattern.exec(line)?.groups;
      if (groups === undefined) continue;
      if (this.denied.has(verb)) {
        const words = `${verb}: User "fake" cannot do this in the namespace "${groups.namespace}"`;
        return refuse(403, "Forbidden", words);
      }
      return handle(this, { url, body, name: groups.name ?? "", namespace: groups.namespace ?? "" });
    }
    this.unknownRequests.push(line);
    return refuse(404, "NotFound", "the server could not find the requested resource");
  }

  #reconcile(): void {
    for (const job of this.byName.values()) {
      job.reconcile(this.around, { now: wholeSecond(), mayMakePods: this.podQuota === null });
      if (job.isDeleted && job.pods.length === 0) {
        this.byName.delete(job.name);
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
}
