import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { finished } from "node:stream/promises";
import { explainSystemError, ProviderError } from "../../core/errors.js";
import type { TogetherContext } from "./together-context.js";

const TRIES = 5;
const PAUSE_MILLISECONDS = 2_000;

interface ArchiveRequest {
  /** `ft_id`, `checkpoint`, `checkpoint_step`. */
  query: Record<string, string>;
  /** Where the archive is built up; what is there is gone on with. */
  file: string;
}

/** Yields how much of the archive is here, of how much. Goes on where an earlier call broke off, if the server does. */
export async function* downloadArchive(
  { api, environment }: Pick<TogetherContext, "api" | "environment">,
  request: ArchiveRequest,
): AsyncGenerator<{ bytes: number; totalBytes: number }> {
  for (let tried = 1; ; tried++) {
    try {
      const part = await openPart(api, request);
      if (part === null) return;
      yield* receive(request.file, part);
      return;
    } catch (error) {
      if (!isPassing(error) || tried === TRIES) throw error;
      await environment.sleep(PAUSE_MILLISECONDS * tried);
    }
  }
}

interface Part {
  response: Response;
  start: number;
  totalBytes: number;
}

/** Asks for what lacks; null where nothing does. An archive that is another one now is begun anew. */
async function openPart(api: TogetherContext["api"], { query, file }: ArchiveRequest): Promise<Part | null> {
  const tag = await readFile(`${file}.etag`, "utf8").catch(() => "");
  const here = tag === "" ? 0 : ((await stat(file).catch(() => null))?.size ?? 0);
  const headers: Record<string, string> = { accept: "*/*" };
  if (here > 0) Object.assign(headers, { range: `bytes=${here}-`, "if-range": tag });
  let response: Response;
  try {
    response = await api.download(query, headers);
  } catch (error) {
    if (!(error instanceof ProviderError) || error.statusCode !== 416) throw error;
    // Nothing after what is here: it is whole, or not what it was. Unpacking tells.
    return null;
  }
  const [, from, , total] =
    /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers.get("content-range") ?? "") ?? [];
  const start = response.status === 206 && from !== undefined ? Number(from) : 0;
  if (start > here) throw new Error("the server left a gap");
  const etag = response.headers.get("etag") ?? "";
  // A weak tag does not promise equal bytes.
  if (etag === "" || etag.startsWith("W/")) await rm(`${file}.etag`, { force: true });
  else await writeFile(`${file}.etag`, etag);
  const length = Number(response.headers.get("content-length") ?? 0);
  return { response, start, totalBytes: total === undefined ? start + length : Number(total) };
}

async function* receive(file: string, { response, start, totalBytes }: Part) {
  if (start > 0) await truncate(file, start);
  const output = createWriteStream(file, { flags: start > 0 ? "r+" : "w", start });
  let bytes = start;
  try {
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      if (!output.write(chunk)) await once(output, "drain");
      bytes += chunk.byteLength;
      yield { bytes, totalBytes: Math.max(bytes, totalBytes) };
    }
    output.end();
    await finished(output);
  } catch (error) {
    output.destroy();
    throw explainSystemError(error, file);
  }
  if (bytes < totalBytes) throw brokenOff(bytes, totalBytes);
}

function brokenOff(bytes: number, totalBytes: number): ProviderError {
  return new ProviderError("together", `the download broke off after ${bytes} of ${totalBytes} bytes`, {
    code: "unreachable",
    hint: "Run the command again: it goes on from there.",
    isRetryable: true,
  });
}

/** fetch's own errors tell of the connection; ours say whether another try makes sense. */
function isPassing(error: unknown): boolean {
  if (error instanceof ProviderError) return error.isRetryable;
  const name = (error as { name?: unknown } | null)?.name;
  return name === "TypeError" || name === "AbortError" || name === "TimeoutError";
}
