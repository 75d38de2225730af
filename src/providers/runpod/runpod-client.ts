import { ProviderError } from "../../core/errors.js";
import type { HttpTools, JsonRequest } from "../http/json-request.js";
import { readEventStream, type StreamEvent } from "../http/read-event-stream.js";
import { requestJson } from "../http/request-json.js";
import type { ProviderEnvironment } from "../provider-environment.js";
import type { CreatePodRequest } from "./create-pod-request.js";
import { type Cpu, CpuList, type Gpu, GpuList, Pod, PodBilling, PodList, parseAnswer } from "./pod.js";

const DEFAULT_BASE = "https://api.runpod.io/v2";

interface CatalogQuery {
  count: number;
  cloud: "SECURE" | "COMMUNITY";
}

/** RunPod's REST API v2, as its specification says (runpod/docs, api-reference-v2/openapi.json). */
export interface RunpodClient {
  base: string;
  /** All of the account that belong to no cluster; the specification has neither a filter nor pages. */
  listPods(): Promise<Pod[]>;
  /** Null where there is none. */
  getPod(id: string): Promise<Pod | null>;
  /** Sent once. */
  createPod(body: CreatePodRequest): Promise<Pod>;
  /** Terminates it; false where there was none. */
  deletePod(id: string): Promise<boolean>;
  /** Lines since an event, or since a time; null where the pod is gone. */
  readLogs(id: string, from: { lastEventId: string | null; since: string }): Promise<StreamEvent[] | null>;
  gpus(query: CatalogQuery): Promise<Gpu[]>;
  cpus(): Promise<Cpu[]>;
  /** US dollars that a pod has cost; null where nothing is known yet. */
  billed(id: string): Promise<number | null>;
}

type Ask = Pick<JsonRequest, "method" | "body">;

/** Throws bad_credentials where there is no key. */
export function createRunpodClient({ fetch, sleep, env, secret }: ProviderEnvironment): RunpodClient {
  const tools: HttpTools = { fetch, sleep };
  const base = (env.RUNPOD_API_BASE || DEFAULT_BASE).replace(/\/+$/, "");
  const request = (path: string, asked: Ask): JsonRequest => ({
    provider: "runpod",
    url: `${base}${path}`,
    token: readKey(secret),
    ...asked,
  });
  const ask = (path: string, asked: Ask = { method: "GET" }) => requestJson(tools, request(path, asked));
  return {
    base,
    listPods: async () => parseAnswer(PodList, await ask("/pods"), { of: "its list of pods" }).pods,
    async getPod(id) {
      const answer = await orMissing(ask(podPath(id)));
      return answer === undefined ? null : parseAnswer(Pod, answer, { of: "its pod" });
    },
    async createPod(body) {
      const answer = await ask("/pods", { method: "POST", body });
      return parseAnswer(Pod, answer, { of: "the pod it made", isAmbiguous: true });
    },
    deletePod: async (id) => (await orMissing(ask(podPath(id), { method: "DELETE" }))) !== undefined,
    async readLogs(id, { lastEventId, since }) {
      const query = new URLSearchParams({ source: "container", ...(lastEventId === null ? { since } : {}) });
      const wanted: JsonRequest = {
        ...request(`${podPath(id)}/logs?${query}`, { method: "GET" }),
        headers: lastEventId === null ? {} : { "last-event-id": lastEventId },
      };
      return (await orMissing(readEventStream(tools, wanted, LOG_LIMITS))) ?? null;
    },
    async gpus({ count, cloud }) {
      const query = new URLSearchParams({
        include: "AVAILABILITY",
        product: "POD",
        count: String(count),
        cloud,
      });
      return parseAnswer(GpuList, await ask(`/catalog/gpus?${query}`), { of: "its list of GPUs" }).gpus;
    },
    async cpus() {
      const query = new URLSearchParams({ include: "AVAILABILITY", product: "POD" });
      return parseAnswer(CpuList, await ask(`/catalog/cpus?${query}`), { of: "its list of CPUs" }).cpus;
    },
    async billed(id) {
      const query = new URLSearchParams({ podId: id, bucketSize: "day" });
      const answer = await ask(`/billing/pods?${query}`);
      const { records } = parseAnswer(PodBilling, answer, { of: "its bill" });
      return records.length === 0 ? null : records.reduce((sum, { totalAmount }) => sum + totalAmount, 0);
    },
  };
}

const LOG_LIMITS = { idleMilliseconds: 1500, maxEvents: 5000 };

function readKey(secret: ProviderEnvironment["secret"]): string {
  const key = secret("RUNPOD_API_KEY");
  if (key !== null && key !== "") return key;
  throw new ProviderError("runpod", "RUNPOD_API_KEY is not set", {
    code: "bad_credentials",
    hint: "Make a key at https://console.runpod.io/user/settings and set RUNPOD_API_KEY.",
  });
}

function podPath(id: string): string {
  return `/pods/${encodeURIComponent(id)}`;
}

/** Undefined where what is asked for does not exist. */
async function orMissing<Result>(answer: Promise<Result>): Promise<Result | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ProviderError && error.statusCode === 404) return undefined;
    throw error;
  }
}
