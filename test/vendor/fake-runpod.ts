import { setTimeout as delay } from "node:timers/promises";
import type { FakeTrainerControl } from "../fake-trainer.js";
import { sharedSpecs } from "../shared-paths.js";
import type { FakeHub } from "./fake-hub.js";
import { type FakeMachine, startFakeMachine } from "./fake-machine.js";
import { cpuTypes, gpuTypes } from "./fake-runpod-catalog.js";
import {
  type OpenApiServer,
  type SpecAnswer,
  type SpecRequest,
  startOpenApiServer,
} from "./openapi-server.js";

/** A pod as the API tells it, and what stands behind it. */
export interface FakePod {
  id: string;
  name: string;
  status: string;
  /** What the create asked for. */
  request: CreateBody;
  createdAt: string;
  /** Whether it has been taken away. */
  isGone: boolean;
  machine: FakeMachine | null;
  /** Lines of a pod without a machine. */
  lines: string[];
}

interface CreateBody {
  name: string;
  image: string;
  args?: string;
  env?: Record<string, string>;
  gpu?: { id: string; count?: number };
  cpu?: { id: string; vcpuCount: number };
  cloud?: string;
  disk?: number;
}

export interface FakeRunpod {
  /** For RUNPOD_API_BASE. */
  base: string;
  key: string;
  server: OpenApiServer;
  /** All that were ever made, oldest first. */
  pods: FakePod[];
  /** Behaviour of the trainers of pods made from now on. */
  control: FakeTrainerControl;
  /** GPUs without room: a create that asks for one is answered 400. */
  full: Set<string>;
  /** Answers a request instead: 402, 429, 500… Null lets it through. */
  intercept: ((request: SpecRequest) => SpecAnswer | null) | null;
  /** How many looks a deleted pod is still to be seen, as TERMINATED or as it was. */
  lingering: { looks: number; status: string };
  /** Whether a log's Last-Event-ID is told again. */
  repeatsLastEvent: boolean;
  close(): Promise<void>;
}

/** RunPod's REST API v2 on its own specification; where there is a Hub, pods are fake machines, else nothing runs in them. */
export async function startFakeRunpod({ hub = null }: { hub?: FakeHub | null } = {}): Promise<FakeRunpod> {
  const fake = new Fake(hub);
  const server = await startOpenApiServer({
    specFile: sharedSpecs("runpod-v2.openapi.json"),
    authorize: (request) => fake.authorize(request),
    handlers: {
      listPods: () => ({ body: { pods: fake.visible().map((pod) => toAnswer(pod)) } }),
      createPod: ({ body }) => fake.create(body as CreateBody),
      getPod: ({ params }) => fake.get(params.id ?? ""),
      deletePod: ({ params }) => fake.delete(params.id ?? ""),
      getPodLogs: (request) => fake.logs(request),
      listGpuTypes: () => ({ body: { gpus: gpuTypes(fake.full) } }),
      listCpuTypes: () => ({ body: { cpus: cpuTypes() } }),
      listPodBilling: ({ query }) => fake.bill(query.get("podId") ?? ""),
    },
  });
  fake.server = server;
  fake.base = `${server.url}/v2`;
  return fake;
}

class Fake implements FakeRunpod {
  base = "";
  readonly key = "rpa_fakekeyfakekeyfakekey";
  server!: OpenApiServer;
  readonly pods: FakePod[] = [];
  control: FakeTrainerControl = {};
  readonly full = new Set<string>();
  intercept: FakeRunpod["intercept"] = null;
  lingering = { looks: 0, status: "TERMINATED" };
  repeatsLastEvent = false;
  readonly #hub: FakeHub | null;
  readonly #looks = new Map<string, number>();

  constructor(hub: FakeHub | null) {
    this.#hub = hub;
  }

  authorize(request: SpecRequest): SpecAnswer | null {
    const key = request.headers.authorization?.replace(/^Bearer /, "");
    const isPodKey = this.pods.some(
      ({ id }) => key === podKey(id) && request.url.pathname.endsWith(`/${id}`),
    );
    if (key !== this.key && !isPodKey) return problem(401, "Unauthorized", `invalid API key ${key}`);
    return this.intercept?.(request) ?? null;
  }

  visible(): FakePod[] {
    return this.pods.filter(({ isGone }) => !isGone);
  }

  create(body: CreateBody): SpecAnswer {
    if ((body.gpu === undefined) === (body.cpu === undefined))
      return problem(400, "Bad Request", "exactly one of gpu, cpu");
    const type = body.gpu?.id ?? body.cpu?.id ?? "";
    if (this.full.has(type)) {
      return problem(
        400,
        "Bad Request",
        "There are no instances currently available with the requested specifications",
      );
    }
    const known = [...gpuTypes(this.full), ...cpuTypes()].some(({ id }) => id === type);
    if (!known) return problem(400, "Bad Request", `unknown machine type ${type}`);
    const count = this.pods.length + 1;
    const pod: FakePod = {
      id: `pod${count}x${type.replace(/\W/g, "").toLowerCase().slice(-6)}`,
      name: body.name,
      status: "RUNNING",
      request: body,
      createdAt: new Date(Date.now() + count).toISOString(),
      isGone: false,
      machine: null,
      lines: [],
    };
    this.pods.push(pod);
    this.#boot(pod);
    return {
      status: 201,
      body: { ...toAnswer(pod), status: "PROVISIONING", actions: ["stop", "terminate"] },
    };
  }

  #boot(pod: FakePod): void {
    if (this.#hub === null) return;
    const { env = {}, args = "" } = pod.request;
    if (
      env.HF_TOKEN !== "{{ RUNPOD_SECRET_HF_TOKEN }}" ||
      JSON.stringify(pod.request).includes(this.#hub.token)
    ) {
      this.server.violations.push("POST /v2/pods: request: the Hugging Face token is not a secret");
    }
    if (!args.startsWith("bash -c ")) this.server.violations.push(`POST /v2/pods: request: args ${args}`);
    const own = { RUNPOD_POD_ID: pod.id, RUNPOD_API_KEY: podKey(pod.id), RUNPOD_API_BASE: this.base };
    pod.machine = startFakeMachine({ env: { ...env, ...own }, control: this.control, hub: this.#hub });
    // What the pod's own command does when the job's has ended.
    pod.machine.ended.then(() => {
      pod.isGone = true;
    });
  }

  get(id: string): SpecAnswer {
    const pod = this.pods.find((each) => each.id === id);
    const looks = this.#looks.get(id) ?? 0;
    if (pod?.isGone && looks > 0) {
      this.#looks.set(id, looks - 1);
      return { body: { ...toAnswer(pod), status: this.lingering.status } };
    }
    return pod === undefined || pod.isGone ? notFound() : { body: toAnswer(pod) };
  }

  async delete(id: string): Promise<SpecAnswer> {
    const pod = this.visible().find((each) => each.id === id);
    if (pod === undefined) return (this.#looks.get(id) ?? 0) > 0 ? { status: 204 } : notFound();
    pod.isGone = true;
    this.#looks.set(id, this.lingering.looks);
    pod.machine?.kill();
    await pod.machine?.ended;
    return { status: 204 };
  }

  logs({ params, query, headers }: SpecRequest): SpecAnswer {
    const pod = this.visible().find(({ id }) => id === params.id);
    if (pod === undefined) return notFound();
    const last = headers["last-event-id"];
    const seen = typeof last === "string" ? Number(last.split("/")[1]) : 0;
    const tail = query.has("since") || last !== undefined ? null : Number(query.get("tail") ?? 100);
    const from = this.repeatsLastEvent ? Math.max(0, seen - 1) : seen;
    return { text: follow(pod, from, tail), headers: { "content-type": "text/event-stream" } };
  }

  bill(id: string): SpecAnswer {
    const pod = this.pods.find((each) => each.id === id);
    const amounts = { totalAmount: 0.25, gpuAmount: 0.25, cpuAmount: 0, diskAmount: 0 };
    const range = { startTime: "2026-06-01T00:00:00Z", endTime: "2026-06-02T00:00:00Z" };
    const records = pod === undefined ? [] : [{ ...range, ...amounts, podId: id }];
    const metadata = {
      query: { ...range, bucketSize: "day" },
      recordCount: records.length,
      uniquePodCount: records.length,
      totals: amounts,
    };
    return { body: { records, metadata } };
  }

  async close(): Promise<void> {
    for (const { machine } of this.pods) {
      machine?.kill();
      await machine?.ended;
    }
    await this.server.close();
  }
}

/** A stream that goes on until the pod is gone or nobody listens. */
async function* follow(pod: FakePod, seen: number, tail: number | null): AsyncGenerator<string> {
  let next = tail === null ? seen : Math.max(0, linesOf(pod).length - tail);
  for (;;) {
    const lines = linesOf(pod);
    for (; next < lines.length; next++) {
      const ts = pod.createdAt;
      const data = JSON.stringify({ ts, source: "container", line: lines[next] });
      yield `id: ${ts}/${String(next + 1).padStart(12, "0")}\ndata: ${data}\n\n`;
    }
    if (pod.isGone) return;
    await delay(5);
    yield ": keep-alive\n\n";
  }
}

function linesOf({ machine, lines }: FakePod): string[] {
  return machine === null ? lines : machine.output().split("\n").slice(0, -1);
}

function podKey(id: string): string {
  return `podkey-${id}`;
}

function toAnswer({ id, name, status, request, createdAt }: FakePod) {
  return {
    id,
    name,
    status,
    actions: ["stop", "restart", "terminate"],
    image: request.image,
    args: request.args ?? "",
    disk: request.disk ?? 50,
    mounts: {},
    ports: [],
    env: request.env ?? {},
    registry: null,
    ...(request.gpu ? { gpu: request.gpu } : {}),
    ...(request.cpu ? { cpu: { ...request.cpu, memory: 16 } } : {}),
    cloud: request.cloud ?? "SECURE",
    dataCenterId: "US-KS-2",
    cudaVersion: null,
    ssh: { proxy: null, direct: null },
    template: null,
    cost: status === "EXITED" ? 0 : 0.5,
    locked: false,
    runtime: null,
    createdAt,
    startedAt: createdAt,
    globalNetworking: { enabled: false },
  };
}

function problem(status: number, title: string, detail: string): SpecAnswer {
  return { status, body: { title, status, detail } };
}

function notFound(): SpecAnswer {
  return problem(404, "Not Found", "pod not found");
}
