import { listFiles } from "@huggingface/hub";
import { MllmError } from "../../core/errors.js";
import type { InputFile } from "./input-file.js";
import { createRemoteFile } from "./remote-file.js";

export interface HubAccess {
  /** `https://huggingface.co`, or another hub's address; without a slash at the end. */
  endpoint: string;
  token: string | null;
  fetch: typeof globalThis.fetch;
}

/** Of revisions, the Hub's own ones have slashes in them: `refs/convert/parquet`, `refs/pr/1`. */
const PATH =
  /^hf:\/\/datasets\/([^/]+\/[^/@]+|[^/@]+)(?:@(refs\/(?:convert|pr)\/[^/]+|[^/]+))?(?:\/(.*?))?\/?$/;

/** The files of `hf://datasets/OWNER/NAME[@REVISION][/PATH]`: that file, or those of that folder that `isData` takes. */
export async function listHubFiles(
  path: string,
  access: HubAccess,
  isData: (name: string) => boolean,
): Promise<{ isFolder: boolean; files: InputFile[] }> {
  const [, name, revision = "main", inside = ""] = PATH.exec(path) ?? [];
  if (name === undefined) {
    throw new MllmError("bad_input", `${path} is no path of a data set on the Hub`, {
      hint: "For example hf://datasets/OWNER/NAME/train.jsonl, or with a revision hf://datasets/OWNER/NAME@main.",
    });
  }
  const base = `${access.endpoint}/datasets/${name}/resolve/${encodeURIComponent(revision)}/`;
  const headers: Record<string, string> =
    access.token === null ? {} : { authorization: `Bearer ${access.token}` };
  const toFile = (file: string, shown: string, sizeBytes: number | null) =>
    createRemoteFile(new URL(base + file.split("/").map(encodeURIComponent).join("/")), shown, {
      ...{ fetch: access.fetch, headers, sizeBytes },
    });
  if (isData(inside)) {
    return { isFolder: false, files: [toFile(inside, inside.split("/").at(-1) ?? inside, null)] };
  }
  const found = await list({ name, revision, inside, path }, access);
  const files = found
    .filter((entry) => isData(entry.path))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map((entry) => toFile(entry.path, entry.path.slice(inside === "" ? 0 : inside.length + 1), entry.size));
  if (files.length > 0) return { isFolder: true, files };
  throw new MllmError("bad_input", `${path} has no data file`, {
    hint: "Expected .json, .jsonl, .csv, .tsv (also with .gz or .zst), .parquet or .arrow.",
  });
}

interface Listing {
  name: string;
  revision: string;
  inside: string;
  path: string;
}

async function list({ name, revision, inside, path }: Listing, access: HubAccess) {
  const entries: { path: string; size: number }[] = [];
  try {
    const listed = listFiles({
      ...{ repo: { type: "dataset", name }, recursive: true, hubUrl: access.endpoint },
      // It goes into the address as it is.
      revision: encodeURIComponent(revision),
      ...(inside !== "" && { path: inside }),
      ...(access.token !== null && { accessToken: access.token }),
      fetch: access.fetch,
    });
    for await (const entry of listed) {
      if (entry.type === "file") entries.push({ path: entry.path, size: entry.size });
    }
  } catch (error) {
    const { statusCode } = error as { statusCode?: number };
    const isAnswer = statusCode !== undefined;
    throw new MllmError(isAnswer ? "not_found" : "unreachable", `${path}: ${(error as Error).message}`, {
      hint: isAnswer
        ? "Check owner and name; for gated and private data set HF_TOKEN."
        : "Check the connection, or HF_ENDPOINT where the Hub is another.",
      cause: error,
    });
  }
  return entries;
}
