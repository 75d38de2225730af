import { ApiException } from "@kubernetes/client-node";
import { type ErrorCode, ProviderError, systemErrorCode } from "../../core/errors.js";
import { type KubernetesClient, WireError } from "./kubernetes-client.js";

/** One request, as an error names it. */
interface Request {
  /** What it does, and to which object: `create job default/mllm-…`. */
  what: string;
  /** May change something, so that a broken one is ambiguous. */
  isWrite: boolean;
}

/** What shows that nothing was sent. */
const NOT_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_HAS_EXPIRED",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/** Turns the client's errors into ones that hold the API's own words and neither headers nor credentials. */
export function explainError(client: KubernetesClient, request: Request, error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  if (error instanceof ApiException) return refusal(client, request, error);
  if (error instanceof WireError) return brokenConnection(client, request, error.cause);
  // The client signs in before it sends. What a sign-in plugin has printed is not shown: it may be a token.
  return create(client, `${request.what}: could not sign in as the kubeconfig says`, {
    code: "bad_credentials",
    hint: `See why: kubectl --context ${client.context} version`,
  });
}

function refusal(client: KubernetesClient, { what, isWrite }: Request, error: ApiException<unknown>) {
  const { code: statusCode } = error;
  const words = readWords(error.body);
  const isPassing = statusCode === 429 || statusCode === 408 || statusCode >= 500;
  const isFull = statusCode === 403 && /exceeded quota/.test(words);
  const { code, hint } = classify(statusCode, isFull);
  return create(client, `${what}: ${statusCode}${words === "" ? "" : `: ${words}`}`, {
    code,
    ...(hint === undefined ? {} : { hint }),
    statusCode,
    isRetryable: isPassing || isFull,
    isAmbiguous: isWrite && isPassing && statusCode !== 429,
    retryAfterSeconds: readRetryAfter(error.headers),
  });
}

function classify(statusCode: number, isFull: boolean): { code: ErrorCode; hint?: string } {
  if (isFull)
    return { code: "no_capacity", hint: "Wait for other jobs of the namespace, or raise its quota." };
  if (statusCode === 401) {
    return {
      code: "bad_credentials",
      hint: "Sign in to the cluster again: `kubectl version` shows whether.",
    };
  }
  if (statusCode === 403) {
    return { code: "bad_credentials", hint: "Ask for the right to do this: `kubectl auth can-i --list`." };
  }
  if (statusCode === 404) return { code: "not_found" };
  if (statusCode === 409) return { code: "already_running" };
  if (statusCode === 408 || statusCode === 429 || statusCode >= 500) {
    return { code: "unreachable", hint: "Try again later." };
  }
  return { code: "bad_input" };
}

function brokenConnection(client: KubernetesClient, { what, isWrite }: Request, cause: unknown) {
  const code = systemErrorCode(cause);
  const isTimeout = ["AbortError", "TimeoutError"].includes(nameOf(cause));
  const isCut = nameOf(cause) === "SyntaxError";
  const failed = isCut ? "the answer broke off" : `the connection failed${code === null ? "" : ` (${code})`}`;
  const how = isTimeout ? "no answer in time" : failed;
  return create(client, `${what}: ${how} (${client.server})`, {
    code: "unreachable",
    hint: `Check that the cluster is reached: kubectl --context ${client.context} version`,
    isRetryable: true,
    isAmbiguous: isWrite && !(code !== null && NOT_SENT.has(code)),
  });
}

/** The `message` of the API's Status object; of anything else, the beginning. */
function readWords(body: unknown): string {
  const text = typeof body === "string" ? body : JSON.stringify(body ?? "");
  try {
    const parsed: unknown = typeof body === "string" ? JSON.parse(body) : body;
    if (typeof parsed === "object" && parsed !== null && "message" in parsed) return String(parsed.message);
  } catch {
    // A proxy's own page.
  }
  return text
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

function readRetryAfter(headers: Record<string, string>): number | undefined {
  const seconds = Number(headers["retry-after"]);
  return headers["retry-after"] !== undefined && seconds >= 0 ? seconds : undefined;
}

/** No `instanceof`: Node's own errors come from another realm under Jest. */
function nameOf(error: unknown): string {
  return typeof error === "object" && error !== null && "name" in error ? String(error.name) : "";
}

type Details = ConstructorParameters<typeof ProviderError>[2];

function create({ secrets }: KubernetesClient, message: string, details: Details): ProviderError {
  const shown = secrets.reduce((text, secret) => text.replaceAll(secret, "<redacted>"), message);
  return new ProviderError("kubernetes", shown.length > 1000 ? `${shown.slice(0, 1000)}…` : shown, details);
}
