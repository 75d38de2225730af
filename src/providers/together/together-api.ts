import type { z } from "zod";
import { ProviderError } from "../../core/errors.js";
import type { HttpTools, JsonRequest } from "../http/json-request.js";
import { requestJson } from "../http/request-json.js";
import { sendRequest } from "../http/send-request.js";
import {
  FineTune,
  FineTuneList,
  Metrics,
  type MetricsRow,
  ModelLimits,
  PriceEstimate,
  type VendorCheckpoint,
  VendorCheckpointList,
  type VendorEvent,
  VendorEventList,
  VendorFile,
  VendorFileList,
} from "./together-answers.js";

const HOUR = 3_600_000;

/** The vendor's endpoints, by name. What asks returns null or nothing where there is no such job. */
export interface TogetherApi {
  /** Every job of the account: there are no pages. */
  listJobs(): Promise<FineTune[]>;
  getJob(id: string): Promise<FineTune | null>;
  /** Sent once, whatever happens. `secrets` of the body never get into an error. */
  createJob(body: object, secrets: readonly string[]): Promise<FineTune>;
  cancelJob(id: string): Promise<void>;
  listEvents(id: string): Promise<VendorEvent[]>;
  listMetrics(id: string): Promise<MetricsRow[]>;
  listCheckpoints(id: string): Promise<VendorCheckpoint[]>;
  estimatePrice(body: object): Promise<PriceEstimate>;
  /** Null for a model that cannot be fine-tuned. */
  readLimits(model: string): Promise<ModelLimits | null>;
  listFiles(): Promise<VendorFile[]>;
  getFile(id: string): Promise<VendorFile>;
  uploadFile(form: FormData): Promise<VendorFile>;
  /** The archive's bytes are still to come. */
  download(query: Record<string, string>, headers: Record<string, string>): Promise<Response>;
}

interface TogetherAccount {
  http: HttpTools;
  /** With the version: `https://api.together.ai/v1`. */
  baseUrl: string;
  key(): string | null;
}

export function createTogetherApi(account: TogetherAccount): TogetherApi {
  const ask = async <T>(schema: z.ZodType<T>, call: Call): Promise<T> => {
    const answer = await requestJson(account.http, toRequest(account, call));
    return parse(schema, answer, call);
  };
  const orEmpty = <T>(list: Promise<T[]>): Promise<T[]> => unlessMissing(list, []);
  const job = (id: string, rest = "") => `/fine-tunes/${encodeURIComponent(id)}${rest}`;
  return {
    listJobs: async () => (await ask(FineTuneList, get("/fine-tunes"))).data ?? [],
    getJob: (id) => unlessMissing(ask(FineTune, get(job(id))), null),
    createJob: (body, secrets) => ask(FineTune, { method: "POST", path: "/fine-tunes", body, secrets }),
    cancelJob: async (id) => {
      await requestJson(account.http, toRequest(account, { method: "POST", path: job(id, "/cancel") }));
    },
    listEvents: (id) => orEmpty(ask(VendorEventList, get(job(id, "/events"))).then(({ data }) => data ?? [])),
    listMetrics: (id) => orEmpty(ask(Metrics, get(job(id, "/metrics"))).then(({ metrics }) => metrics ?? [])),
    listCheckpoints: (id) =>
      orEmpty(ask(VendorCheckpointList, get(job(id, "/checkpoints"))).then(({ data }) => data ?? [])),
    // Nothing comes of it, so it may be asked again: an error is no sign of a job.
    estimatePrice: (body) => ask(PriceEstimate, { method: "POST", path: "/fine-tunes/estimate-price", body }),
    readLimits: (model) =>
      unlessMissing(
        ask(ModelLimits, get(`/fine-tunes/models/limits?model_name=${encodeURIComponent(model)}`)),
        null,
      ),
    listFiles: async () => (await ask(VendorFileList, get("/files"))).data ?? [],
    getFile: (id) => ask(VendorFile, get(`/files/${encodeURIComponent(id)}`)),
    uploadFile: (form) =>
      ask(VendorFile, { method: "POST", path: "/files/upload", body: form, timeoutMilliseconds: 6 * HOUR }),
    download: (query, headers) =>
      sendRequest(
        account.http,
        {
          ...toRequest(account, get(`/finetune/download?${new URLSearchParams(query)}`)),
          headers,
          timeoutMilliseconds: 24 * HOUR,
        },
        async (response) => response,
      ),
  };
}

interface Call extends Pick<JsonRequest, "method" | "body" | "secrets" | "timeoutMilliseconds"> {
  /** Below the base address, with its query. */
  path: string;
}

function get(path: string): Call {
  return { method: "GET", path };
}

function toRequest({ baseUrl, key }: TogetherAccount, { path, ...call }: Call): JsonRequest {
  const token = key();
  if (token === null) {
    throw new ProviderError("together", "there is no API key", {
      code: "bad_credentials",
      hint: "Set TOGETHER_API_KEY, or put it in the credentials file.",
    });
  }
  return { provider: "together", url: `${baseUrl}${path}`, token, ...call };
}

function parse<T>(schema: z.ZodType<T>, answer: unknown, { method, path }: Call): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map((issue) => issue.path.join(".") || "the whole").slice(0, 5);
  throw new ProviderError(
    "together",
    `${method} ${path.split("?")[0]}: the answer is not as specified (${places.join(", ")})`,
    { code: "unreachable", hint: "Run the command again.", isRetryable: true, isAmbiguous: method !== "GET" },
  );
}

async function unlessMissing<T, Else>(answer: Promise<T>, otherwise: Else): Promise<T | Else> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ProviderError && error.statusCode === 404) return otherwise;
    throw error;
  }
}
