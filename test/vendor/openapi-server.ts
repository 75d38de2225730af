import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { type CheckedRequest, type Operation, readOpenApiDocument } from "./openapi-document.js";

/*
 * Serves a vendor's own OpenAPI 3.x file for tests:
 *
 *   const server = await startOpenApiServer({
 *     specFile: sharedSpecs("acme.openapi.yaml"),
 *     authorize: ({ headers }) => headers.authorization === "Bearer key" ? null : { status: 401, body: {…} },
 *     handlers: {
 *       getThing: ({ params }) => ({ body: things.get(params.id) }),            // by operationId, or
 *       "POST /things": ({ body }) => ({ status: 201, body: create(body) }),    // by method and path of the file
 *       "PUT /upload-here": ({ bytes }) => ({ status: 200 }),                   // not in the file: not validated
 *     },
 *   });
 *   … `${server.url}${server.basePath}` is the API's base address …
 *   expect(server.violations).toEqual([]); await server.close();
 *
 * Every request is validated against its operation (parameters, body) before its handler sees it; one that breaks the
 * specification is answered by `refuse` (RFC 9457 with 422) and recorded. Every answer of a handler is validated too
 * and recorded where it breaks the specification; it is sent all the same. A request without handler is one as well.
 */

export interface SpecRequest {
  /** `METHOD /path/{of}/the/specification`. */
  operation: string;
  params: Record<string, string>;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** Parsed JSON; of a form, its fields (a file's is its content as latin1 text); undefined without a body. */
  body: unknown;
  bytes: Buffer;
  url: URL;
}

export interface SpecAnswer {
  /** 200 by default. */
  status?: number;
  /** Sent as JSON; none by default. */
  body?: unknown;
  /** Sent instead of `body`, with its content type in `headers`: text, or a stream of it. */
  text?: string | Buffer | AsyncIterable<string>;
  headers?: Record<string, string>;
  /** The vendor answers so although its specification does not say so: not validated. */
  isUndocumented?: boolean;
}

type SpecHandler = (request: SpecRequest) => SpecAnswer | Promise<SpecAnswer>;

interface OpenApiServerOptions {
  specFile: string;
  handlers: Record<string, SpecHandler>;
  /** An answer for who may not ask; null lets the request through. Comes before validation. */
  authorize?: (request: SpecRequest) => SpecAnswer | null;
  /** How the vendor answers a request that breaks the specification. */
  refuse?: (problems: string[]) => SpecAnswer;
  /** Requests that a test breaks on purpose: refused, and not recorded. */
  isExpected?: (problem: string) => boolean;
}

export interface OpenApiServer {
  /** `http://127.0.0.1:PORT`. */
  url: string;
  /** Of the specification's server: `/v1`. */
  basePath: string;
  /** Each as `OPERATION: request|answer: what`. */
  violations: string[];
  /** `METHOD /path` of each request, in order. */
  requests: string[];
  close(): Promise<void>;
}

/** See above. */
export async function startOpenApiServer(options: OpenApiServerOptions): Promise<OpenApiServer> {
  const document = readOpenApiDocument(options.specFile);
  const state = { violations: [] as string[], requests: [] as string[] };
  const server = createServer((incoming, outgoing) => {
    const respond = async () => {
      const request = await readRequest(incoming);
      state.requests.push(`${incoming.method} ${request.url.pathname}`);
      await send(outgoing, await answer(options, document, request, state.violations));
    };
    respond().catch((error: unknown) => {
      if (incoming.destroyed || outgoing.destroyed) return;
      state.violations.push(`${incoming.method} ${incoming.url}: handler: ${String(error)}`);
      if (!outgoing.headersSent) outgoing.writeHead(500, { "content-type": "application/json" });
      outgoing.end(
        JSON.stringify({ title: "Internal Server Error", status: 500, detail: "bug in the fake" }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    basePath: document.basePath,
    ...state,
    close: () => close(server),
  };
}

async function answer(
  options: OpenApiServerOptions,
  document: ReturnType<typeof readOpenApiDocument>,
  request: SpecRequest,
  violations: string[],
): Promise<SpecAnswer> {
  const method = request.operation.split(" ")[0] as string;
  const path = request.url.pathname;
  const free = options.handlers[`${method} ${path}`];
  const inside = path.startsWith(`${document.basePath}/`);
  const found = inside ? document.find(method, path.slice(document.basePath.length)) : null;
  if (found === null) {
    if (free !== undefined) return free(request);
    violations.push(`${method} ${path}: request: is not in the specification`);
    return { status: 404, body: { title: "Not Found", status: 404, detail: "no such path" } };
  }
  const { operation, params } = found;
  Object.assign(request, { operation: operation.key, params });
  const denied = options.authorize?.(request) ?? null;
  if (denied !== null) return checked(operation, denied, violations);
  const problems = operation.checkRequest(toChecked(request));
  if (problems.length > 0) {
    const unexpected = problems.filter((problem) => options.isExpected?.(problem) !== true);
    violations.push(...unexpected.map((problem) => `${operation.key}: request: ${problem}`));
    return (options.refuse ?? unprocessable)(problems);
  }
  const handler = options.handlers[operation.operationId ?? ""] ?? options.handlers[operation.key];
  if (handler === undefined) {
    violations.push(`${operation.key}: request: has no handler`);
    return { status: 501, body: { title: "Not Implemented", status: 501, detail: operation.key } };
  }
  return checked(operation, await handler(request), violations);
}

function checked(operation: Operation, given: SpecAnswer, violations: string[]): SpecAnswer {
  if (given.isUndocumented === true) return given;
  const status = given.status ?? 200;
  const type = contentType(given);
  const problems = operation.checkResponse(
    status,
    type,
    given.body ?? (given.text === undefined ? undefined : ""),
  );
  violations.push(...problems.map((problem) => `${operation.key}: answer ${status}: ${problem}`));
  return given;
}

/** Vendors with RFC 9457 give its type to errors; one that does not says so in `headers`. */
function contentType({ status = 200, body, headers = {} }: SpecAnswer): string {
  const given = headers["content-type"];
  if (given !== undefined) return given;
  const isProblem = status >= 400 && typeof body === "object" && body !== null && "title" in body;
  return isProblem ? "application/problem+json" : "application/json";
}

function unprocessable(errors: string[]): SpecAnswer {
  const body = { title: "Unprocessable Entity", status: 422, detail: "request validation failed", errors };
  return { status: 422, body };
}

function toChecked({ params, query, headers, body }: SpecRequest): CheckedRequest {
  return { params, query, headers, contentType: headers["content-type"] ?? "", body };
}

async function readRequest(incoming: IncomingMessage): Promise<SpecRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const url = new URL(incoming.url ?? "/", "http://127.0.0.1");
  const body = await readBody(incoming.headers["content-type"] ?? "", bytes);
  const { headers } = incoming;
  return { operation: `${incoming.method}`, params: {}, query: url.searchParams, headers, body, bytes, url };
}

async function readBody(type: string, bytes: Buffer): Promise<unknown> {
  if (bytes.length === 0) return undefined;
  if (type.includes("json")) return JSON.parse(bytes.toString());
  if (!type.startsWith("multipart/form-data")) return bytes.toString("latin1");
  const form = await new Response(new Uint8Array(bytes), { headers: { "content-type": type } }).formData();
  const fields: Record<string, string> = {};
  for (const [name, value] of form) {
    fields[name] =
      typeof value === "string" ? value : Buffer.from(await value.arrayBuffer()).toString("latin1");
  }
  return fields;
}

async function send(outgoing: ServerResponse, given: SpecAnswer): Promise<void> {
  const { status = 200, body, text, headers } = given;
  if (body === undefined && text === undefined) {
    outgoing.writeHead(status, headers).end();
    return;
  }
  outgoing.writeHead(status, { "content-type": contentType(given), ...headers });
  if (text === undefined || typeof text === "string" || Buffer.isBuffer(text)) {
    outgoing.end(text ?? JSON.stringify(body));
    return;
  }
  for await (const part of text) {
    if (outgoing.destroyed) return;
    outgoing.write(part);
  }
  outgoing.end();
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
