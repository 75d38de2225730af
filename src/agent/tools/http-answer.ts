import { isUtf8 } from "node:buffer";

export interface HttpAnswer {
  status: number;
  statusText: string;
  contentType: string;
  /** Null where the body is no text. */
  text: string | null;
  sizeBytes: number;
  /** The body is longer than what was read. */
  isCut: boolean;
}

interface HttpCall {
  url: URL;
  init: RequestInit;
  signal: AbortSignal;
  /** No more of the answer is read. */
  maxBytes: number;
}

const MOST_REDIRECTS = 5;

/** Sends a request that holds credentials: redirects are followed only where they stay at the same origin and change nothing. */
export async function fetchAnswer(call: HttpCall): Promise<HttpAnswer> {
  let { url } = call;
  for (let tried = 0; ; tried++) {
    const response = await fetch(url, { ...call.init, redirect: "manual", signal: call.signal });
    const next = tried < MOST_REDIRECTS ? redirectOf(response, url, call.init.method ?? "GET") : null;
    if (next === null) return readAnswer(response, call.maxBytes);
    await response.body?.cancel();
    url = next;
  }
}

function redirectOf(response: Response, from: URL, method: string): URL | null {
  const location = response.headers.get("location");
  if (location === null || response.status < 300 || response.status > 399) return null;
  const keepsMethod =
    method === "GET" || method === "HEAD" || response.status === 307 || response.status === 308;
  const to = URL.canParse(location, from.href) ? new URL(location, from) : null;
  return to !== null && keepsMethod && to.origin === from.origin ? to : null;
}

async function readAnswer(response: Response, maxBytes: number): Promise<HttpAnswer> {
  const { bytes, isCut } = await readBytes(response, maxBytes);
  const contentType = (response.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  // Bytes cut through a character at the end are text all the same.
  const isText = isUtf8(bytes) || (isCut && isUtf8(bytes.subarray(0, lastWhole(bytes))));
  return {
    status: response.status,
    statusText: response.statusText,
    contentType,
    text: isText ? new TextDecoder().decode(bytes) : null,
    sizeBytes: bytes.length,
    isCut,
  };
}

async function readBytes(
  response: Response,
  maxBytes: number,
): Promise<{ bytes: Uint8Array; isCut: boolean }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  while (reader !== undefined) {
    const { value, done } = await reader.read();
    if (done) break;
    chunks.push(value);
    size += value.length;
    if (size <= maxBytes) continue;
    await reader.cancel();
    return { bytes: Buffer.concat(chunks).subarray(0, maxBytes), isCut: true };
  }
  return { bytes: Buffer.concat(chunks), isCut: false };
}

/** Where the last character begins. */
function lastWhole(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && ((bytes[end - 1] as number) & 0xc0) === 0x80) end--;
  return Math.max(0, end - 1);
}
