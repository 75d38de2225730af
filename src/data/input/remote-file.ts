import { MllmError } from "../../core/errors.js";
import type { InputFile } from "./input-file.js";

interface RemoteOptions {
  fetch: typeof globalThis.fetch;
  /** Such as a token for this host. */
  headers?: Record<string, string>;
}

/** How often a connection that breaks is taken up again without a byte more. */
const TRIES = 5;

/** A file on a web server, streamed; a connection that breaks is taken up where it ended if the server can do that. */
export function createRemoteFile(
  url: URL,
  name: string,
  { sizeBytes = null, ...options }: RemoteOptions & { sizeBytes?: number | null },
): InputFile {
  return { name, sizeBytes, path: null, chunks: () => readRemote(url, options) };
}

async function* readRemote(url: URL, options: RemoteOptions): AsyncGenerator<Buffer, void> {
  let received = 0;
  let etag: string | null = null;
  for (let failures = 0; ; ) {
    const before = received;
    try {
      const response = await request(url, received, etag, options);
      etag ??= response.headers.get("etag");
      for await (const chunk of response.body ?? []) {
        received += chunk.length;
        yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      }
      return;
    } catch (error) {
      if (error instanceof MllmError) throw error;
      failures = received > before ? 1 : failures + 1;
      if (failures >= TRIES) throw unreachable(url, error);
    }
  }
}

async function request(
  url: URL,
  start: number,
  etag: string | null,
  { fetch, headers = {} }: RemoteOptions,
): Promise<Response> {
  const range = start === 0 ? {} : { range: `bytes=${start}-`, ...(etag !== null && { "if-range": etag }) };
  // A range is of the bytes as they are sent: where a server packs them, they are not those that were counted here.
  const asIs = { "accept-encoding": "identity" };
  const response = await fetch(url, { headers: { ...headers, ...asIs, ...range } });
  if (response.status >= 500) throw new Error(`the server answered ${response.status}`);
  if (!response.ok) throw refused(url, response);
  if (start > 0 && response.status !== 206) {
    throw new MllmError("unreachable", `${show(url)}: the connection broke after ${start} bytes`, {
      hint: "The server cannot go on from there: download the file, and give its path.",
    });
  }
  return response;
}

function refused(url: URL, { status, statusText }: Response): MllmError {
  const isSecret = status === 401 || status === 403;
  const hint = isSecret
    ? "For gated and private data of the Hub set HF_TOKEN; otherwise download the file, and give its path."
    : "Check the address.";
  const code = isSecret ? "bad_credentials" : status === 404 ? "not_found" : "bad_input";
  return new MllmError(code, `${show(url)}: the server answered ${`${status} ${statusText}`.trim()}`, {
    hint,
  });
}

function unreachable(url: URL, cause: unknown): MllmError {
  const reason = (cause as { cause?: Error }).cause?.message ?? (cause as Error).message;
  return new MllmError("unreachable", `${show(url)} cannot be read: ${reason}`, {
    hint: "Check the address and the connection, or download the file, and give its path.",
    cause,
  });
}

/** Without what may be a secret. */
const show = ({ origin, pathname }: URL): string => `${origin}${pathname}`;
