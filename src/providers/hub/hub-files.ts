import { stat, writeFile } from "node:fs/promises";
import { z } from "zod";
import { ProviderError } from "../../core/errors.js";
import { requestPage } from "../http/request-json.js";
import { sendRequest } from "../http/send-request.js";
import type { HubAccess } from "./hub-access.js";
import { type HubRepository, isMissing } from "./hub-repository.js";

export interface HubFile {
  path: string;
  sizeBytes: number;
  /** SHA-256 of the content, which the Hub knows of large files only. */
  sha256: string | null;
  /** Of a small file: what git calls its content. */
  blobId: string | null;
}

const TreePage = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    oid: z.string().nullish(),
    size: z.number(),
    lfs: z.object({ oid: z.string(), size: z.number() }).nullish(),
  }),
);

/** A piece of a download; one that stalls is asked for again. */
const PIECE_BYTES = 32 * 1024 * 1024;
const PIECE_TIMEOUT_MILLISECONDS = 5 * 60_000;

/** All files below a folder ("": all there are); empty where the folder or the repository is missing. */
export async function listHubFiles(
  access: HubAccess,
  { kind, name }: HubRepository,
  folder = "",
): Promise<HubFile[]> {
  const files: HubFile[] = [];
  const below = folder === "" ? "" : `/${encodePath(folder)}`;
  let url: string | null = `${access.endpoint}/api/${kind}s/${name}/tree/main${below}?recursive=true`;
  while (url !== null) {
    const request = { provider: "hub", method: "GET", url, token: access.token } as const;
    const page = await requestPage(access, request).catch((error: unknown) => {
      if (isMissing(error)) return null;
      throw error;
    });
    if (page === null) return files;
    const entries = TreePage.safeParse(page.body).data;
    if (entries === undefined)
      throw new ProviderError("hub", `the list of files of ${name} is not understood`);
    for (const { type, path, size, lfs, oid } of entries) {
      if (type !== "file") continue;
      const [sha256, blobId] = lfs ? [lfs.oid, null] : [null, oid ?? null];
      files.push({ path, sizeBytes: lfs?.size ?? size, sha256, blobId });
    }
    url = nextPage(page.headers, access.endpoint);
  }
  return files;
}

/** The address of a `Link: <…>; rel="next"` header, always at our own endpoint; null at the end. */
export function nextPage(headers: Headers, endpoint: string): string | null {
  const [, link] = /<([^>]+)>\s*;\s*rel="?next"?/.exec(headers.get("link") ?? "") ?? [];
  if (link === undefined) return null;
  const { pathname, search } = new URL(link, endpoint);
  return `${new URL(endpoint).origin}${pathname}${search}`;
}

/** At most `maxBytes` from a byte position on; null where there is no such file, empty at its end. */
export async function readHubFile(
  access: HubAccess,
  { kind, name }: HubRepository,
  { path, offset, maxBytes }: { path: string; offset: number; maxBytes: number },
): Promise<Buffer | null> {
  const prefix = kind === "model" ? "" : `${kind}s/`;
  const request = {
    provider: "hub",
    method: "GET",
    url: `${access.endpoint}/${prefix}${name}/resolve/main/${encodePath(path)}`,
    token: access.token,
    // A compressed answer would be the whole file.
    headers: {
      range: `bytes=${offset}-${offset + maxBytes - 1}`,
      "accept-encoding": "identity",
      accept: "*/*",
    },
    timeoutMilliseconds: PIECE_TIMEOUT_MILLISECONDS,
  } as const;
  try {
    return await sendRequest(access, request, async (response) => {
      const bytes = Buffer.from(await response.arrayBuffer());
      return response.status === 206 ? bytes : bytes.subarray(offset, offset + maxBytes);
    });
  } catch (error) {
    if (isMissing(error)) return null;
    if (error instanceof ProviderError && error.statusCode === 416) return Buffer.alloc(0);
    throw error;
  }
}

/** Appends what `target` lacks and yields how many bytes came. Throws not_found. */
export async function* downloadHubFile(
  access: HubAccess,
  repository: HubRepository,
  { path, target }: { path: string; target: string },
): AsyncGenerator<number> {
  for (let offset = (await stat(target).catch(() => null))?.size ?? 0; ; ) {
    const piece = await readHubFile(access, repository, { path, offset, maxBytes: PIECE_BYTES });
    if (piece === null) {
      throw new ProviderError("hub", `${repository.name} has no file ${path}`, { code: "not_found" });
    }
    await writeFile(target, piece, { flag: "a" });
    offset += piece.length;
    if (piece.length > 0) yield piece.length;
    if (piece.length < PIECE_BYTES) return;
  }
}

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
