import { ProviderError } from "../../core/errors.js";

/** The failure of a request that may be made again whatever became of it. */
export function withoutAmbiguity(error: unknown): unknown {
  if (!(error instanceof ProviderError) || !error.isAmbiguous) return error;
  const { provider, code, hint, statusCode, isRetryable, retryAfterSeconds } = error;
  return new ProviderError(provider, error.message.slice(`${provider}: `.length), {
    code,
    isRetryable,
    retryAfterSeconds,
    cause: error,
    ...(hint === undefined ? {} : { hint }),
    ...(statusCode === undefined ? {} : { statusCode }),
  });
}
