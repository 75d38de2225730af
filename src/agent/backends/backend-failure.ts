import { InferenceClientError, InferenceClientProviderApiError } from "@huggingface/inference";
import { MllmError, systemErrorCode } from "../../core/errors.js";
import { RubbishError } from "./completion-reader.js";

/** May be over soon: the server is starting, restarting or busy. */
const PASSING_STATUS = [429, 502, 503, 504];

/** Of a request to which no part of an answer has come yet. */
export function isWorthAnotherTry(error: unknown): boolean {
  const status = statusOf(error);
  return status === null ? isNetworkFailure(error) : PASSING_STATUS.includes(status);
}

/** What went wrong, where, and what would help. Holds no headers and no prompt. */
export function explainBackendFailure(backend: string, error: unknown): MllmError {
  if (error instanceof MllmError) return error;
  const { what, hint } = describe(error);
  return new MllmError("backend_failed", `${backend}: ${what}`, { hint, cause: error });
}

function describe(error: unknown): { what: string; hint: string } {
  const status = statusOf(error);
  if (status === 401 || status === 403) {
    return {
      what: `refused the request (HTTP ${status})`,
      hint: "Set HF_TOKEN for Hugging Face, MLLM_BACKEND_TOKEN for other servers.",
    };
  }
  if (status === 404) {
    return {
      what: `knows no such model or address (HTTP 404: ${wordsOf(error)})`,
      hint: "Ask its /v1/models for the names, and write the endpoint as URL#MODEL.",
    };
  }
  if (status !== null && status >= 400) {
    return {
      what: `answered HTTP ${status}: ${wordsOf(error)}`,
      hint: status < 500 ? "Check that this server takes raw completions of this length." : LOOK_AT_SERVER,
    };
  }
  if (error instanceof RubbishError || error instanceof SyntaxError || status !== null) {
    return { what: wordsOf(error), hint: "Check that the address is that of an OpenAI-compatible server." };
  }
  if (isNetworkFailure(error)) return { what: networkWords(error), hint: LOOK_AT_SERVER };
  return { what: wordsOf(error), hint: LOOK_AT_SERVER };
}

const LOOK_AT_SERVER =
  "Look at the server's own output; `mllm serve-roles` starts one that fits the checkpoints.";

function statusOf(error: unknown): number | null {
  return error instanceof InferenceClientProviderApiError ? error.httpResponse.status : null;
}

function wordsOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const text =
    error instanceof InferenceClientError ? message.replace(/^Failed to perform inference: /, "") : message;
  return text.replace(/\s+/g, " ").slice(0, 300);
}

/** Node's fetch throws a TypeError whose cause is the system's; `terminated` where the connection broke in an answer. */
function isNetworkFailure(error: unknown): boolean {
  return (error as Error | null)?.name === "TypeError" || systemErrorCode(error) !== null;
}

function networkWords(error: unknown): string {
  const cause = (error as Error).cause;
  const code = systemErrorCode(cause) ?? systemErrorCode(error);
  if (code === "ECONNREFUSED") return "nothing listens there (connection refused)";
  if (code === "ENOTFOUND") return "there is no host of this name";
  return `the connection broke (${code ?? wordsOf(error)})`;
}
