import { type ErrorCode, ProviderError } from "../../core/errors.js";
import { retryAfterSeconds } from "./retry-after.js";
import { vendorWords } from "./vendor-words.js";

/** A request as an error may name it. */
export interface Where {
  provider: string;
  method: string;
  /** Without its query. */
  address: string;
  secrets: readonly string[];
}

/** What is shown of an answer. */
const LONGEST = 1000;

/** Failures before anything was sent. */
const NOT_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** The request got no answer. */
export function failedConnection(where: Where, error: unknown): ProviderError {
  const code = causeCode(error);
  if (code !== null && /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL/.test(code)) {
    return fail(where, `the server's certificate is not accepted (${code})`, {
      code: "unreachable",
      hint: "Check the address, the machine's clock and its certificates (NODE_EXTRA_CA_CERTS).",
    });
  }
  return fail(
    where,
    isTimeout(error) ? "no answer in time" : `the connection failed${code === null ? "" : ` (${code})`}`,
    {
      code: "unreachable",
      hint: "Check the network, then run the command again: it looks first for what was started.",
      isRetryable: true,
      isAmbiguous: isAmbiguous(where) && !(code !== null && NOT_SENT.has(code)),
    },
  );
}

/** The answer was good and could not be used. */
export function unusable(where: Where, error: unknown): ProviderError {
  const isOurs = error instanceof Error && causeCode(error) === null && /^is /.test(error.message);
  const what = isTimeout(error) ? "did not end in time" : isOurs ? (error as Error).message : "broke off";
  return fail(where, `the answer ${what}`, {
    code: "unreachable",
    hint: "Run the command again: it looks first for what was started.",
    isRetryable: true,
    isAmbiguous: isAmbiguous(where),
  });
}

/** The answer is not a good one. */
export function refusal(where: Where, response: Response, answer: string): ProviderError {
  const { status, headers } = response;
  const words = vendorWords(answer, headers.get("content-type") ?? "");
  const isPassing = status === 429 || status === 408 || status >= 500;
  const isRedirect = status >= 300 && status < 400;
  return fail(where, `${status}${isRedirect ? " (not followed)" : ""}${words === "" ? "" : `: ${words}`}`, {
    ...explain(status),
    statusCode: status,
    isRetryable: isPassing,
    // 303 sends elsewhere for the result of what was carried out.
    isAmbiguous: ((isPassing && status !== 429) || status === 303) && isAmbiguous(where),
    retryAfterSeconds: retryAfterSeconds(headers),
  });
}

function explain(status: number): { code: ErrorCode; hint?: string } {
  if (status === 401) return { code: "bad_credentials", hint: "Check the token: `mllm providers check`." };
  if (status === 402) return { code: "over_budget", hint: "Add credit to the account." };
  if (status === 403) return { code: "permission_denied", hint: "Check what the token may do." };
  if (status === 404 || status === 410) return { code: "not_found" };
  if (status === 408 || status === 429 || status >= 500) {
    return { code: "unreachable", hint: "Try again later." };
  }
  return { code: "bad_input" };
}

type Details = ConstructorParameters<typeof ProviderError>[2];

function fail({ provider, method, address, secrets }: Where, what: string, details: Details): ProviderError {
  const words = redact(what, secrets);
  const shown = words.length > LONGEST ? `${words.slice(0, LONGEST)}…` : words;
  return new ProviderError(provider, `${method} ${address}: ${shown}`, details);
}

function redact(text: string, secrets: readonly string[]): string {
  let shown = text;
  for (const secret of secrets.filter((value) => value !== "")) {
    for (const form of new Set([secret, encodeURIComponent(secret)])) {
      shown = shown.replaceAll(form, "<redacted>");
    }
  }
  return shown;
}

function isAmbiguous({ method }: Where): boolean {
  return method !== "GET";
}

/** No `instanceof`: fetch's own errors come from another realm under Jest. */
function isTimeout(error: unknown): boolean {
  return typeof error === "object" && error !== null && (error as { name?: unknown }).name === "TimeoutError";
}

/** The system's or undici's code, of the error or of what lies under it. */
function causeCode(error: unknown): string | null {
  for (let at = error, depth = 0; typeof at === "object" && at !== null && depth < 5; depth++) {
    const { code, cause } = at as { code?: unknown; cause?: unknown };
    if (typeof code === "string") return code;
    at = cause;
  }
  return null;
}
