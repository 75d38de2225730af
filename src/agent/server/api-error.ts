import { MllmError } from "../../core/errors.js";

interface ApiErrorDetails {
  param?: string;
  code?: string;
  retryAfterSeconds?: number;
  cause?: unknown;
}

/** A refusal in the shape that every client of the chat API reads: `{"error": {message, type, param, code}}`. */
export class ApiError extends Error {
  readonly status: number;
  readonly param: string | null;
  readonly code: string | null;
  readonly retryAfterSeconds: number | null;

  constructor(status: number, message: string, details: ApiErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "ApiError";
    this.status = status;
    this.param = details.param ?? null;
    this.code = details.code ?? null;
    this.retryAfterSeconds = details.retryAfterSeconds ?? null;
  }

  get body(): { error: { message: string; type: string; param: string | null; code: string | null } } {
    const { message, param, code } = this;
    return { error: { message, type: errorType(this.status), param, code } };
  }
}

export function invalidRequest(message: string, param?: string): ApiError {
  return new ApiError(400, message, param === undefined ? {} : { param });
}

/** What the client may know of a failure: our own errors in full, of any other only that it is a defect of ours. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (!(error instanceof MllmError)) {
    return new ApiError(500, "the server met a defect of its own", { code: "internal_error", cause: error });
  }
  const { code, message } = error;
  // The client went away: nobody reads this.
  if (code === "interrupted") return new ApiError(499, message, { code: "cancelled", cause: error });
  const status = code === "bad_input" ? 400 : 502;
  return new ApiError(status, message, { code, cause: error });
}

function errorType(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 404) return "not_found_error";
  if (status === 429) return "rate_limit_error";
  return status < 500 ? "invalid_request_error" : "server_error";
}
