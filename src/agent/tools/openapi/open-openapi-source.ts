import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { explainSystemError, MllmError } from "../../../core/errors.js";
import { messageOf } from "../describe-result.js";
import { fetchAnswer } from "../http-answer.js";
import { parseData } from "../parse-data.js";
import type { SourceLimits, ToolSource } from "../tool-source.js";
import type { OpenApiEntry } from "../tools-file.js";
import type { Credentials } from "./build-request.js";
import { createOpenApiSource } from "./openapi-source.js";

interface OpenApiOpening {
  entry: OpenApiEntry;
  folder: string;
  maxBytes: number;
  limits: SourceLimits;
  signal: AbortSignal;
}

/** The largest public documents have about 15 MB. */
const MOST_DOCUMENT_BYTES = 32 * 1024 * 1024;

/** Reads a document from a path or an address, JSON or YAML. */
export async function openOpenApiSource(opening: OpenApiOpening): Promise<ToolSource> {
  const { entry, folder, maxBytes, limits, signal } = opening;
  const documentUrl = /^https?:\/\//.test(entry.document) ? new URL(entry.document) : null;
  const text =
    documentUrl === null
      ? await readDocument(resolve(folder, entry.document), entry.document)
      : await fetchDocument(documentUrl, signal);
  const name = basename(documentUrl?.pathname ?? entry.document) || entry.document;
  return createOpenApiSource({
    name,
    document: parse(text, name),
    documentUrl,
    baseUrl: entry.baseUrl ?? null,
    credentials: toCredentials(entry.auth),
    maxBytes,
    limits,
  });
}

function parse(text: string, name: string): unknown {
  try {
    return parseData(text);
  } catch (error) {
    throw new MllmError("bad_input", `${name} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

async function readDocument(path: string, shown: string): Promise<string> {
  return readFile(path, "utf8").catch((error: unknown) => {
    throw explainSystemError(error, `document ${shown}`);
  });
}

/** Credentials are for the API, not for whoever keeps its document. */
async function fetchDocument(url: URL, signal: AbortSignal): Promise<string> {
  const where = `${url.origin}${url.pathname}`;
  const answer = await fetchAnswer({ url, init: {}, signal, maxBytes: MOST_DOCUMENT_BYTES }).catch(
    (error: unknown) => {
      throw new MllmError("unreachable", `${where} cannot be fetched: ${messageOf(error)}`, { cause: error });
    },
  );
  if (answer.status !== 200 || answer.text === null) {
    throw new MllmError("bad_input", `${where} is no document: ${answer.status} ${answer.statusText}`);
  }
  return answer.text;
}

function toCredentials({ bearer, basic, headers, query }: OpenApiEntry["auth"]): Credentials {
  const authorization =
    bearer !== undefined
      ? { authorization: `Bearer ${bearer}` }
      : basic !== undefined
        ? { authorization: `Basic ${Buffer.from(`${basic.user}:${basic.password}`).toString("base64")}` }
        : {};
  return { headers: { ...authorization, ...headers }, query };
}
