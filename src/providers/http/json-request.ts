/** One request to a vendor's JSON API. */
export interface JsonRequest {
  provider: string;
  method: "GET" | "POST" | "PUT" | "DELETE";
  url: string;
  /** Sent as a bearer token. Never part of an error. */
  token: string | null;
  /** Sent as JSON; a FormData goes as it is. */
  body?: unknown;
  /** Of one try, its answer's body included. */
  timeoutMilliseconds?: number;
  headers?: Readonly<Record<string, string>>;
  /** Values of the body that may not be part of an error either, though the vendor repeats them. */
  secrets?: readonly string[];
}

export interface HttpTools {
  fetch: typeof globalThis.fetch;
  sleep(milliseconds: number): Promise<void>;
}
