import { z } from "zod";
import { ProviderError } from "../../core/errors.js";
import type { HttpTools, JsonRequest } from "../http/json-request.js";
import { requestJson, requestPage } from "../http/request-json.js";
import { nextPage } from "../hub/hub-files.js";
import { isMissing } from "../hub/hub-repository.js";
import type { CreateJobBody } from "./create-job-body.js";
import { Hardware } from "./hardware.js";
import { HfJob } from "./job.js";

export interface JobsAccess extends HttpTools {
  endpoint: string;
  token: string;
  /** Who pays: a user or an organisation. */
  namespace: string;
}

/** No vendor has so many; a list that does not end is a mistake of ours or theirs. */
const MOST_PAGES = 200;

export function jobsUrl(
  { endpoint, namespace }: Pick<JobsAccess, "endpoint" | "namespace">,
  path = "",
): string {
  return `${endpoint}/api/jobs/${encodeURIComponent(namespace)}${path}`;
}

/** Sent once. Throws an ambiguous error where a job may have been made all the same. */
export async function createJob(access: JobsAccess, body: CreateJobBody): Promise<HfJob> {
  const secrets = Object.values(body.secrets);
  const answer = await ask(access, { method: "POST", url: jobsUrl(access), body, secrets });
  return understand(HfJob, answer, { isAmbiguous: true });
}

/** Null for one that the vendor does not know. */
export async function readJob(access: JobsAccess, id: string): Promise<HfJob | null> {
  const request = { method: "GET", url: jobsUrl(access, `/${encodeURIComponent(id)}`) } as const;
  const answer = await ask(access, request).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  return answer === undefined ? null : understand(HfJob, answer);
}

export async function requestCancel(access: JobsAccess, id: string): Promise<void> {
  await ask(access, { method: "POST", url: jobsUrl(access, `/${encodeURIComponent(id)}/cancel`) });
}

/** All pages; `query` such as `label=mllm%3Dname`. */
export async function listJobs(access: JobsAccess, query: string): Promise<HfJob[]> {
  const jobs: HfJob[] = [];
  let url: string | null = jobsUrl(access, `?${query}`);
  for (let page = 0; url !== null; page++) {
    if (page === MOST_PAGES) throw new ProviderError("hf-jobs", "the list of jobs does not end");
    const answer: { body: unknown; headers: Headers } = await requestPage(access, {
      provider: "hf-jobs",
      method: "GET",
      url,
      token: access.token,
    });
    jobs.push(...understand(z.array(HfJob), answer.body));
    url = nextPage(answer.headers, access.endpoint);
  }
  return jobs;
}

export async function listHardware(access: Omit<JobsAccess, "namespace">): Promise<Hardware[]> {
  const answer = await ask(access, { method: "GET", url: `${access.endpoint}/api/jobs/hardware` });
  return understand(z.array(Hardware), answer);
}

function ask(
  access: Omit<JobsAccess, "namespace">,
  request: Omit<JsonRequest, "provider" | "token">,
): Promise<unknown> {
  return requestJson(access, { provider: "hf-jobs", token: access.token, ...request });
}

function understand<Value>(
  schema: z.ZodType<Value>,
  answer: unknown,
  details: { isAmbiguous?: boolean } = {},
): Value {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "answer"}: ${message}`);
  throw new ProviderError(
    "hf-jobs",
    `the answer is not understood (${where.slice(0, 3).join("; ")})`,
    details,
  );
}
