import { ProviderError } from "../../core/errors.js";
import { failedConnection, refusal, unusable, type Where } from "./http-errors.js";
import type { HttpTools, JsonRequest } from "./json-request.js";
import { readText } from "./read-text.js";
import { withDeadline } from "./with-deadline.js";

const TRIES = 4;
const FIRST_PAUSE_MILLISECONDS = 500;
/** A vendor that asks for more is not waited for here: the caller can say so. */
const LONGEST_PAUSE_MILLISECONDS = 60_000;

/**
 * Sends a request as `requestJson` says and hands a good answer to `read`; an error thrown there completes the
 * sentence "the answer …" and counts as a broken answer.
 */
export async function sendRequest<Result>(
  tools: HttpTools,
  request: JsonRequest,
  read: (response: Response) => Promise<Result>,
): Promise<Result> {
  const where = describe(request);
  const tries = request.method === "GET" ? TRIES : 1;
  for (let tried = 1; ; tried++) {
    try {
      return await tryOnce(tools, request, where, read);
    } catch (error) {
      const pause = pauseAfter(error, tried);
      if (tried === tries || pause === null) throw error;
      await tools.sleep(pause);
    }
  }
}

/** Null where another try makes no sense. */
function pauseAfter(error: unknown, tried: number): number | null {
  if (!(error instanceof ProviderError) || !error.isRetryable) return null;
  const asked = error.retryAfterSeconds === undefined ? 0 : error.retryAfterSeconds * 1000;
  const pause = Math.max(asked, FIRST_PAUSE_MILLISECONDS * 2 ** (tried - 1));
  return pause > LONGEST_PAUSE_MILLISECONDS ? null : pause;
}

async function tryOnce<Result>(
  tools: HttpTools,
  request: JsonRequest,
  where: Where,
  read: (response: Response) => Promise<Result>,
): Promise<Result> {
  let response: Response | null = null;
  try {
    return await withDeadline(request.timeoutMilliseconds ?? 30_000, async (signal) => {
      response = await tools.fetch(request.url, { ...toInit(request), signal });
      if (response.ok) return read(response);
      const answer = await readText(response, { maxBytes: 65_536, isCut: true }).catch(() => "");
      throw refusal(where, response, answer);
    });
  } catch (error) {
    if (error instanceof ProviderError) throw error;
    throw response === null ? failedConnection(where, error) : unusable(where, error);
  }
}

function toInit({ method, token, body, headers }: JsonRequest): RequestInit {
  const isForm = body instanceof FormData;
  return {
    method,
    // A request that changes something is not made again elsewhere, with its token, because an answer says so.
    redirect: method === "GET" ? "follow" : "manual",
    headers: {
      accept: "application/json",
      "user-agent": "mllm",
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined || isForm ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
  };
}

function describe({ provider, method, url, token, secrets = [] }: JsonRequest): Where {
  if (!URL.canParse(url) || new URL(url).username !== "") {
    throw new ProviderError(provider, "the address of its API is not one", {
      code: "bad_input",
      hint: "Check the environment variable that changes it; user names and passwords do not belong there.",
    });
  }
  // fetch would refuse it, and name it.
  if (token !== null && !/^[\x21-\x7e]+$/.test(token)) {
    throw new ProviderError(provider, "its token holds characters that no token has", {
      code: "bad_credentials",
      hint: "Set it again without blanks or line ends.",
    });
  }
  const { origin, pathname } = new URL(url);
  const hidden = [...(token === null ? [] : [token]), ...secrets];
  return { provider, method, address: `${origin}${pathname}`, secrets: hidden };
}
