import { ProviderError } from "../../core/errors.js";

/** The failure of a request that starts nothing and may be made again, whatever became of it. */
export function withoutAmbiguity(error: unknown): unknown {
  if (!(error instanceof ProviderError) || !error.isAmbiguous) return error;
  const { code, hint, statusCode, isRetryable, retryAfterSeconds } = error;
  return new ProviderError("together", error.message.replace(/^together: /, ""), {
    code,
    isRetryable,
    retryAfterSeconds,
    cause: error,
    ...(hint === undefined ? {} : { hint }),
    ...(statusCode === undefined ? {} : { statusCode }),
  });
}
