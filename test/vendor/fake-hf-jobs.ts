import { existsSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import { z } from "zod";
import type { FakeTrainerControl } from "../fake-trainer.js";
import { type FakeHub, readBody } from "./fake-hub.js";
import { type FakeMachine, startFakeMachine } from "./fake-machine.js";

/** Hugging Face Jobs, served by the fake Hub; each job is a fake machine. */
export interface FakeHfJobs {
  /** In the order of their creation. */
  jobs: FakeHfJob[];
  /** What the trainers of further jobs do. */
  control: FakeTrainerControl;
  /** Where answers break the vendor's published schema; empty without it. */
  violations: string[];
  /** What each log connection gives: all by default. */
  replay: (events: LogEvent[]) => { events: LogEvent[]; end?: "break" };
  /** Ends all machines. */
  close(): Promise<void>;
}

export interface LogEvent {
  data: string;
  timestamp: string;
}

export class FakeHfJob {
  readonly id: string;
  readonly body: CreateBody;
  readonly namespace: string;
  readonly createdAt = new Date().toISOString();
  readonly machine: FakeMachine | null;
  /** What the vendor says instead of what the machine is. */
  told: { stage: string; message?: string; cancelReason?: string } | null = null;
  /** The timeout that the vendor has put in place of the one asked for. */
  timeout: number;
  /** Instead of the time that the machine has run. */
  runningSeconds: number | null = null;
  isCancelled = false;
  readonly #log: LogEvent[] = [{ data: "===== Job started at 2026-11-22 =====", timestamp: this.createdAt }];
  #stamped = 0;

  constructor(id: string, namespace: string, body: CreateBody, machine: FakeMachine | null) {
    this.id = id;
    this.namespace = namespace;
    this.body = body;
    this.machine = machine;
    this.timeout = body.timeoutSeconds ?? 1800;
  }

  get status(): { stage: string; message: string | null; cancelReason?: string } {
    if (this.told !== null) return { message: null, ...this.told };
    const code = this.machine?.exitCode();
    if (code === undefined) return { stage: "SCHEDULING", message: null };
    if (code === null) return { stage: "RUNNING", message: null };
    if (this.isCancelled) return { stage: "CANCELED", message: null };
    if (code === 0) return { stage: "COMPLETED", message: null };
    return { stage: "ERROR", message: `Job failed with exit code: ${code}` };
  }

  get isLive(): boolean {
    return ["SCHEDULING", "RUNNING", "UPDATING"].includes(this.status.stage);
  }

  /** Each line has the time at which it was first seen here. */
  log(): LogEvent[] {
    const output = this.machine?.output() ?? "";
    const end = this.machine?.isRunning() === false ? output.length : output.lastIndexOf("\n") + 1;
    const lines = output.slice(this.#stamped, end).split("\n");
    if (lines.at(-1) === "") lines.pop();
    for (const data of lines) this.#log.push({ data, timestamp: new Date().toISOString() });
    this.#stamped = Math.max(end, this.#stamped);
    return this.#log;
  }

  toJson() {
    const { dockerImage, spaceId, command, environment, flavor, labels } = this.body;
    const runningSecs = this.runningSeconds ?? Math.floor((Date.now() - Date.parse(this.createdAt)) / 1000);
    return {
      id: this.id,
      createdAt: this.createdAt,
      owner: { id: "fake", name: this.namespace },
      createdBy: { id: "fake", name: "somebody" },
      ...(dockerImage === undefined ? { spaceId } : { dockerImage }),
      command,
      arguments: [],
      environment,
      secrets: Object.fromEntries(Object.keys(this.body.secrets ?? {}).map((name) => [name, null])),
      flavor,
      timeout: this.timeout,
      status: { ...this.status, failureCount: 0 },
      ...(this.machine === null ? {} : { startedAt: this.createdAt }),
      durations: { schedulingSecs: 0, runningSecs, totalSecs: runningSecs },
      labels,
    };
  }
}

const Label = z.string().regex(/^[A-Za-z0-9._-]{1,100}$/);

const CreateBody = z
  .strictObject({
    command: z.array(z.string()).min(1),
    arguments: z.array(z.string()),
    environment: z.record(z.string(), z.string()),
    secrets: z.record(z.string(), z.string()).optional(),
    flavor: z.string(),
    timeoutSeconds: z.int().positive().optional(),
    labels: z.record(Label, Label).optional(),
    dockerImage: z.string().optional(),
    spaceId: z.string().optional(),
  })
  .refine(({ dockerImage, spaceId }) => (dockerImage === undefined) !== (spaceId === undefined));
type CreateBody = z.infer<typeof CreateBody>;

/** Prices of 2026-11, in dollars a minute. */
const HARDWARE = [
  { name: "cpu-basic", gpu: null, unitCostUSD: 0.000167 },
  { name: "cpu-upgrade", gpu: null, unitCostUSD: 0.0005 },
  { name: "t4-small", gpu: ["T4", "1", "16 GB"], unitCostUSD: 0.006667 },
  { name: "l40sx1", gpu: ["L40S", "1", "48 GB"], unitCostUSD: 0.03 },
  { name: "a100-large", gpu: ["A100", "1", "80 GB"], unitCostUSD: 0.041667 },
  { name: "a100x4", gpu: ["A100", "4", "320 GB"], unitCostUSD: 0.166667 },
  { name: "h200", gpu: ["H200", "1", "141 GB"], unitCostUSD: 0.083333 },
].map(({ name, gpu, unitCostUSD }) => ({
  name,
  prettyName: name,
  cpu: "2 vCPU",
  ram: "16 GB",
  accelerator: gpu && { type: "gpu", manufacturer: "Nvidia", model: gpu[0], quantity: gpu[1], vram: gpu[2] },
  unitCostMicroUSD: Math.round(unitCostUSD * 1e6),
  unitCostUSD,
  unitLabel: "minute",
}));

const PAGE = 2;
const GRACE_MILLISECONDS = 1500;

export function serveFakeHfJobs(
  hub: FakeHub,
  { control = {}, hasMachines = true }: { control?: FakeTrainerControl; hasMachines?: boolean } = {},
): FakeHfJobs {
  const check = createCheck();
  const fake: FakeHfJobs = {
    jobs: [],
    control,
    violations: [],
    replay: (events) => ({ events }),
    async close() {
      for (const { machine } of fake.jobs) machine?.kill();
      await Promise.all(fake.jobs.map(({ machine }) => machine?.ended));
    },
  };
  const show = (job: FakeHfJob) => {
    const value = job.toJson();
    fake.violations.push(...check(value));
    return value;
  };
  const create = async (request: IncomingMessage, namespace: string): Promise<Answer> => {
    const parsed = CreateBody.safeParse(JSON.parse(String(await readBody(request))));
    if (!parsed.success) return [400, { error: z.prettifyError(parsed.error) }];
    const { environment, secrets = {} } = parsed.data;
    const env = { ...environment, ...secrets };
    const machine = hasMachines ? startFakeMachine({ env, control: fake.control, hub }) : null;
    const id = (fake.jobs.length + 1).toString(16).padStart(24, "0");
    const job = new FakeHfJob(id, namespace, parsed.data, machine);
    fake.jobs.push(job);
    return [200, show(job)];
  };
  const list = (url: URL, namespace: string): Answer => {
    const stages = url.searchParams.getAll("stage");
    const labels = url.searchParams.getAll("label").map((label) => label.split("="));
    const found = fake.jobs.filter(
      (job) =>
        job.namespace === namespace &&
        (stages.length === 0 || stages.includes(job.status.stage)) &&
        labels.every(([key = "", value]) => job.body.labels?.[key] === value),
    );
    // The newest first, as the Hub does.
    const newest = found.reverse();
    const start = Number(url.searchParams.get("cursor") ?? 0);
    const page = newest.slice(start, start + PAGE).map(show);
    if (start + PAGE >= newest.length) return [200, page];
    url.searchParams.set("cursor", String(start + PAGE));
    return [200, page, { Link: `<${url}>; rel="next"` }];
  };
  const cancel = (job: FakeHfJob): Answer => {
    if (!job.isLive) return [400, { error: "Job is not running" }];
    job.isCancelled = true;
    if (job.machine === null) job.told = { stage: "CANCELED" };
    job.machine?.terminate();
    setTimeout(() => job.machine?.kill(), GRACE_MILLISECONDS).unref();
    return [200, show(job)];
  };
  const answer = async (request: IncomingMessage, url: URL): Promise<Answer | FakeHfJob> => {
    const [, , , namespace = "", id, action] = url.pathname.split("/");
    if (namespace === "hardware") return [200, HARDWARE];
    if (request.headers.authorization !== `Bearer ${hub.token}`)
      return [401, { error: "Invalid credentials" }];
    if (id === undefined)
      return request.method === "POST" ? create(request, namespace) : list(url, namespace);
    const job = fake.jobs.find((each) => each.id === id && each.namespace === namespace);
    if (job === undefined) return [404, { error: "Job not found" }];
    if (action === "cancel" && request.method === "POST") return cancel(job);
    if (action === "logs") return job;
    return action === undefined ? [200, show(job)] : [404, { error: "Not found" }];
  };
  hub.intercept = async (request, response) => {
    const url = new URL(request.url ?? "/", hub.endpoint);
    if (!url.pathname.startsWith("/api/jobs/")) return false;
    const found = await answer(request, url);
    if (found instanceof FakeHfJob) {
      await streamLogs(fake, found, response);
      return true;
    }
    const [status, body, headers = {}] = found;
    response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));
    return true;
  };
  return fake;
}

type Answer = [status: number, body: unknown, headers?: Record<string, string>];

/** Everything from the start, then what comes, until the job has ended. */
async function streamLogs(fake: FakeHfJobs, job: FakeHfJob, response: ServerResponse): Promise<void> {
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  response.write(": keep-alive\n\n");
  for (let sent = 0; !response.destroyed; ) {
    const isLive = job.isLive;
    const { events, end } = fake.replay([...job.log()]);
    for (const event of events.slice(sent)) response.write(`data: ${JSON.stringify(event)}\n\n`);
    sent = Math.max(sent, events.length);
    if (end === "break") {
      await delay(20);
      response.destroy();
      return;
    }
    if (!isLive) break;
    await delay(20);
  }
  response.end();
}

/** Beside the repository, from the compiled place of this file; named here to be free of Jest. */
const SCHEMA = "../../../../shared/specs/huggingface-hub.job-schema.excerpt.json";

/** The published schema knows no `labels`, although the vendor's own client reads them. */
function createCheck(): (job: object) => string[] {
  const file = fileURLToPath(new URL(SCHEMA, import.meta.url));
  if (!existsSync(file)) return () => [];
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  const validate = ajv.compile(JSON.parse(readFileSync(file, "utf8")).components.schemas.Job);
  return (job) => {
    const { labels: _, ...known } = job as { labels?: unknown };
    if (validate(known)) return [];
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };
}
