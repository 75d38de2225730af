import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import {
  type CommitLine,
  describeFile,
  FakeHubRepository,
  listTree,
  uploadMode,
} from "./fake-hub-repository.js";

export interface HubState {
  namespace: string;
  endpoint: string;
  /** Where large files lie: another host to clients, which therefore get no token. */
  storageEndpoint: string;
  /** By `datasets/ns/name` or `models/ns/name`. */
  repositories: Map<string, FakeHubRepository>;
  /** The large-file storage, by SHA-256. */
  objects: Map<string, Buffer>;
}

export interface Exchange {
  request: IncomingMessage;
  url: URL;
  body: Buffer;
  groups: Record<string, string | undefined>;
}

export interface Answer {
  status: number;
  headers: Record<string, string | number>;
  body: Buffer | string;
}

interface Route {
  /** Matched against `METHOD path`, decoded. */
  pattern: RegExp;
  handle(state: HubState, exchange: Exchange): Answer;
}

/** As many entries as one page of a listing has; the Hub's own pages are larger. */
const PAGE = 20;

const API = "/api/(?<key>(?:datasets|models)/[^/]+/[^/]+)";
const NO_REPOSITORY = refuse(404, "Repository not found", "RepoNotFound");
const NO_REVISION = refuse(404, "Invalid rev id", "RevisionNotFound");
const NO_ENTRY = refuse(404, "Entry not found", "EntryNotFound");

export const hubRoutes: readonly Route[] = [
  { pattern: /^GET \/api\/whoami-v2$/, handle: whoAmI },
  { pattern: /^POST \/api\/repos\/create$/, handle: createRepository },
  { pattern: /^POST \/api\/validate-yaml$/, handle: () => json({ errors: [], warnings: [] }) },
  { pattern: new RegExp(`^GET ${API}(?:/revision/(?<revision>[^/]+))?$`), handle: describeRepository },
  { pattern: new RegExp(`^POST ${API}/preupload/(?<revision>[^/]+)$`), handle: preupload },
  { pattern: new RegExp(`^POST ${API}/commit/(?<revision>[^/]+)$`), handle: commit },
  { pattern: new RegExp(`^GET ${API}/tree/(?<revision>[^/]+)(?:/(?<path>.*))?$`), handle: list },
  { pattern: new RegExp(`^POST ${API}/paths-info/(?<revision>[^/]+)$`), handle: describePaths },
  { pattern: /^POST \/(datasets\/)?[^/]+\/[^/]+\.git\/info\/lfs\/objects\/batch$/, handle: lfsBatch },
  { pattern: /^PUT \/lfs-storage\/(?<oid>[0-9a-f]{64})$/, handle: putObject },
  { pattern: /^(GET|HEAD) \/lfs-storage\/(?<oid>[0-9a-f]{64})$/, handle: getObject },
  {
    pattern:
      /^(GET|HEAD) \/(?<kind>datasets\/)?(?<id>[^/]+\/[^/]+)\/resolve\/(?<revision>[^/]+)\/(?<path>.+)$/,
    handle: resolveFile,
  },
];

function whoAmI({ namespace }: HubState): Answer {
  return json({
    type: "user",
    id: "fake",
    name: namespace,
    fullname: namespace,
    isPro: false,
    canPay: true,
    orgs: [{ type: "org", id: "fake-org", name: "a-group", fullname: "A group", canPay: true }],
    auth: { type: "access_token", accessToken: { displayName: "test", role: "write" } },
  });
}

function createRepository(state: HubState, { body }: Exchange): Answer {
  const { type = "model", organization, name, ...rest } = JSON.parse(body.toString());
  const id = `${organization ?? state.namespace}/${name}`;
  const url = `${state.endpoint}/${type === "model" ? "" : `${type}s/`}${id}`;
  const key = `${type}s/${id}`;
  if (state.repositories.has(key)) return json({ error: "You already created this repo", url }, 409);
  const isPrivate = rest.visibility === "private" || rest.private === true;
  state.repositories.set(key, new FakeHubRepository(isPrivate));
  return json({ url, id: "fake", name: id });
}

function describeRepository(state: HubState, { groups }: Exchange): Answer {
  const repository = state.repositories.get(groups.key ?? "");
  if (repository === undefined) return NO_REPOSITORY;
  const revision = groups.revision ?? "main";
  const tree = repository.tree(revision);
  if (tree === null) return NO_REVISION;
  return json({
    _id: "fake",
    id: (groups.key ?? "").split("/").slice(1).join("/"),
    private: repository.isPrivate,
    sha: revision === "main" ? repository.sha : revision,
    tags: [],
    downloads: 0,
    likes: 0,
    siblings: [...tree.keys()].map((rfilename) => ({ rfilename })),
  });
}

function preupload(state: HubState, { groups, body }: Exchange): Answer {
  if (!state.repositories.has(groups.key ?? "")) return NO_REPOSITORY;
  const { files } = JSON.parse(body.toString()) as { files: { path: string; size: number }[] };
  return json({
    files: files.map(({ path, size }) => ({ path, uploadMode: uploadMode(path, size), shouldIgnore: false })),
  });
}

function commit(state: HubState, { groups, body }: Exchange): Answer {
  const repository = state.repositories.get(groups.key ?? "");
  if (repository === undefined) return NO_REPOSITORY;
  const lines = body.toString().split("\n");
  const problem = repository.apply(
    lines.filter((line) => line.trim() !== "").map((line) => JSON.parse(line) as CommitLine),
    state.objects,
  );
  if (problem !== null) return refuse(400, problem);
  const commitUrl = `${state.endpoint}/${groups.key}/commit/${repository.sha}`;
  return json({ success: true, commitOid: repository.sha, commitUrl, hookOutput: "" });
}

function list(state: HubState, { url, groups }: Exchange): Answer {
  const repository = state.repositories.get(groups.key ?? "");
  if (repository === undefined) return NO_REPOSITORY;
  const tree = repository.tree(groups.revision ?? "");
  if (tree === null) return NO_REVISION;
  const isRecursive = /^(true|1)$/i.test(url.searchParams.get("recursive") ?? "");
  const entries = listTree(tree, (groups.path ?? "").replace(/\/$/, ""), isRecursive);
  if (entries === null) return NO_ENTRY;
  const start = Number(url.searchParams.get("cursor") ?? 0);
  const page = json(entries.slice(start, start + PAGE));
  if (start + PAGE >= entries.length) return page;
  const next = new URL(url);
  next.searchParams.set("cursor", String(start + PAGE));
  return { ...page, headers: { ...page.headers, Link: `<${next}>; rel="next"` } };
}

function describePaths(state: HubState, { request, groups, body }: Exchange): Answer {
  const tree = state.repositories.get(groups.key ?? "")?.tree(groups.revision ?? "");
  if (!tree) return NO_REPOSITORY;
  // The Python client sends a form.
  const isForm = request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded");
  const text = body.toString();
  const paths: string[] = isForm
    ? new URLSearchParams(text).getAll("paths")
    : [JSON.parse(text).paths].flat();
  return json(
    paths.flatMap((path) => {
      const file = tree.get(path);
      return file === undefined ? [] : [describeFile(path, file)];
    }),
  );
}

function lfsBatch(state: HubState, { body }: Exchange): Answer {
  const { objects } = JSON.parse(body.toString()) as { objects: { oid: string; size: number }[] };
  return json({
    transfer: "basic",
    objects: objects.map(({ oid, size }) => {
      if (state.objects.has(oid)) return { oid, size };
      const href = `${state.storageEndpoint}/lfs-storage/${oid}?signature=fake`;
      return { oid, size, authenticated: true, actions: { upload: { href, header: {} } } };
    }),
  });
}

function putObject(state: HubState, { groups, body }: Exchange): Answer {
  const oid = groups.oid ?? "";
  if (createHash("sha256").update(body).digest("hex") !== oid) {
    return refuse(400, "the content has another hash");
  }
  state.objects.set(oid, body);
  return { status: 200, headers: { ETag: `"${oid}"` }, body: "" };
}

function getObject({ objects }: HubState, { request, groups }: Exchange): Answer {
  const oid = groups.oid ?? "";
  const data = objects.get(oid);
  return data === undefined ? NO_ENTRY : send(data, { etag: oid, range: request.headers.range });
}

function resolveFile(state: HubState, { request, groups }: Exchange): Answer {
  const repository = state.repositories.get(`${groups.kind ?? "models/"}${groups.id}`);
  if (repository === undefined) return NO_REPOSITORY;
  const revision = groups.revision ?? "";
  const tree = repository.tree(revision);
  if (tree === null) return NO_REVISION;
  const commitHeader = { "X-Repo-Commit": revision === "main" ? repository.sha : revision };
  const file = tree.get(groups.path ?? "");
  if (file === undefined) return { ...NO_ENTRY, headers: { ...NO_ENTRY.headers, ...commitHeader } };
  const { data, lfsSha256 } = file;
  if (lfsSha256 === null) {
    const answer = send(data, { etag: describeFile("", file).oid, range: request.headers.range });
    return { ...answer, headers: { ...answer.headers, ...commitHeader } };
  }
  const headers = {
    ...commitHeader,
    "X-Linked-Size": data.length,
    "X-Linked-Etag": `"${lfsSha256}"`,
    Location: `${state.storageEndpoint}/lfs-storage/${lfsSha256}?signature=fake`,
  };
  return { status: 302, headers, body: "" };
}

/** The whole content, or the part that was asked for. */
function send(data: Buffer, { etag, range }: { etag: string; range: string | undefined }): Answer {
  const headers = { ETag: `"${etag}"`, "Accept-Ranges": "bytes" };
  const match = /^bytes=(\d+)-(\d*)$/.exec(range ?? "");
  if (match === null) return { status: 200, headers, body: data };
  const start = Number(match[1]);
  if (start >= data.length) {
    return { status: 416, headers: { ...headers, "Content-Range": `bytes */${data.length}` }, body: "" };
  }
  const end = Math.min(match[2] ? Number(match[2]) + 1 : data.length, data.length);
  const contentRange = `bytes ${start}-${end - 1}/${data.length}`;
  return {
    status: 206,
    headers: { ...headers, "Content-Range": contentRange },
    body: data.subarray(start, end),
  };
}

function json(value: unknown, status = 200): Answer {
  return {
    status,
    headers: { "Content-Type": "application/json; charset=utf-8" },
    body: JSON.stringify(value),
  };
}

export function refuse(status: number, message: string, code?: string): Answer {
  const answer = json({ error: message }, status);
  const words = { "X-Error-Message": message, ...(code === undefined ? {} : { "X-Error-Code": code }) };
  return { ...answer, headers: { ...answer.headers, ...words } };
}
