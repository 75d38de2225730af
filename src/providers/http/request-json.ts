/** One request to a vendor's JSON API. */
export interface JsonRequest {
  provider: string;
  method: "GET" | "POST" | "PUT" | "DELETE";
  url: string;
  /** Never part of an error. */
  token: string | null;
  body?: unknown;
  timeoutMilliseconds?: number;
}

export interface HttpTools {
  fetch: typeof globalThis.fetch;
  sleep(milliseconds: number): Promise<void>;
}

/**
 * Sends a request and parses the answer. A GET is repeated a few times after failures that may pass, with growing
 * pauses and as Retry-After says; anything else is sent once. Throws ProviderError with the vendor's own words:
 * 429 is retryable; a timeout, a broken connection, half a body or a 5xx is ambiguous too, unless it was a GET.
 */
export async function requestJson(_tools: HttpTools, _request: JsonRequest): Promise<unknown> {
  throw new Error("not there yet");
}
