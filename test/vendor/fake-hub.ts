import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { FakeHubRepository } from "./fake-hub-repository.js";
import { type Answer, type Exchange, type HubState, hubRoutes, refuse } from "./fake-hub-routes.js";

/** The Hugging Face Hub as far as its own clients for JavaScript and Python need it, in memory. Has no Xet. */
export interface FakeHub {
  endpoint: string;
  /** The only token it knows; of a user named `namespace`. */
  token: string;
  namespace: string;
  /** Content of the newest commit by path. A data set's `ns/name`, or `models/ns/name`. Throws where there is none. */
  files(repository: string): Map<string, Buffer>;
  /** The same names; undefined where there is none. */
  repository(repository: string): FakeHubRepository | undefined;
  createRepository(repository: string, options?: { isPrivate?: boolean }): void;
  /** `METHOD path` of every request, and of those that it does not know (answered 404). */
  requests: string[];
  unknownRequests: string[];
  /** Sees each request first and returns true where it answers it: to break the Hub, or to serve more of it. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>) | null;
  close(): Promise<void>;
}

export async function startFakeHub({
  token = "hf_fakehubfakehubfakehub",
  namespace = "somebody",
} = {}): Promise<FakeHub> {
  const state: HubState = {
    namespace,
    endpoint: "",
    storageEndpoint: "",
    repositories: new Map(),
    objects: new Map(),
  };
  const server = createServer((request, response) => {
    respond(hub, state, { request, response }).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  state.endpoint = `http://127.0.0.1:${port}`;
  state.storageEndpoint = `http://localhost:${port}`;
  const hub: FakeHub = {
    endpoint: state.endpoint,
    token,
    namespace,
    requests: [],
    unknownRequests: [],
    intercept: null,
    repository: (name) => state.repositories.get(keyOf(name)),
    createRepository: (name, { isPrivate = true } = {}) => {
      state.repositories.set(keyOf(name), new FakeHubRepository(isPrivate));
    },
    files(name) {
      const tree = state.repositories.get(keyOf(name))?.tree("main");
      if (!tree) throw new Error(`the fake Hub has no repository ${name}`);
      return new Map([...tree].map(([path, { data }]) => [path, data]));
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return hub;
}

async function respond(
  hub: FakeHub,
  state: HubState,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  const url = new URL(request.url ?? "/", hub.endpoint);
  const line = `${request.method} ${decodeURIComponent(url.pathname)}`;
  hub.requests.push(line);
  if (hub.intercept !== null && (await hub.intercept(request, response))) return;
  const body = await readBody(request);
  const { status, headers, body: answer } = answerTo({ hub, state, line }, { request, url, body });
  response.writeHead(status, { ...headers, "Content-Length": Buffer.byteLength(answer) });
  response.end(request.method === "HEAD" ? undefined : answer);
}

function answerTo(
  { hub, state, line }: { hub: FakeHub; state: HubState; line: string },
  exchange: Omit<Exchange, "groups">,
): Answer {
  const { url, request } = exchange;
  // Signed addresses of the large-file storage need no token.
  const isSigned = url.pathname.startsWith("/lfs-storage/") && url.searchParams.get("signature") === "fake";
  if (!isSigned && request.headers.authorization !== `Bearer ${hub.token}`) {
    return refuse(401, "Invalid credentials in Authorization header");
  }
  for (const { pattern, handle } of hubRoutes) {
    const match = pattern.exec(line);
    if (match !== null) return handle(state, { ...exchange, groups: match.groups ?? {} });
  }
  hub.unknownRequests.push(line);
  return refuse(404, `the fake Hub does not know ${line}`);
}

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

function keyOf(repository: string): string {
  return repository.startsWith("models/") ? repository : `datasets/${repository.replace(/^datasets\//, "")}`;
}
