import type { IncomingMessage } from "node:http";
import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { ApiError, toApiError } from "../server/api-error.js";
import { createAuthorize, demandLoopback } from "../server/authorize.js";
import { readBody } from "../server/read-body.js";
import type { ApiEntry } from "../tools/virtual-tools.js";
import type { VirtualApis } from "./virtual-apis.js";
import { readVirtualCall } from "./virtual-call.js";

export interface VirtualAppSettings {
  apis: Pick<VirtualApis, "answer" | "counts">;
  /** What clients may call; null where nobody said. */
  list: readonly ApiEntry[] | null;
  /** One of them has to be shown, as `toolbench_key` or as a bearer; where there is none, only localhost is answered. */
  keys: readonly string[];
  maxBodyBytes: number;
  onTrouble(message: string, error: unknown): void;
}

type App = Hono<{ Bindings: HttpBindings }>;

/** ToolBench's wire: `POST /virtual`; besides, `GET /virtual` lists the APIs in ToolBench's form. */
export function createVirtualApp(settings: VirtualAppSettings, stopping: AbortSignal): App {
  const { apis, list, keys, maxBodyBytes } = settings;
  const authorize = createAuthorize(keys);
  const app: App = new Hono();
  app.get("/health", (c) => {
    const status = stopping.aborted ? "stopping" : "ok";
    return c.json({ status, ...apis.counts }, stopping.aborted ? 503 : 200);
  });
  app.use("*", async (c, next) => {
    if (keys.length === 0) demandLoopback(c.req.header("host"));
    if (stopping.aborted) throw new ApiError(503, "the server is stopping", { retryAfterSeconds: 5 });
    await next();
  });
  app.get("/virtual", (c) => {
    authorize(c.req.header("authorization"));
    if (list === null) throw new ApiError(404, "this server has no list of its APIs");
    return c.json(list);
  });
  app.post("/virtual", async (c) => {
    const header = c.req.header("authorization");
    const call = readVirtualCall(await readBody(c.env.incoming as IncomingMessage, maxBodyBytes));
    authorize(header ?? (call.key === "" ? undefined : `Bearer ${call.key}`));
    return c.json(await apis.answer(call));
  });
  app.all("/virtual", (c) => refuse(c, new ApiError(405, `/virtual does not take ${c.req.method}`)));
  app.notFound((c) => refuse(c, new ApiError(404, `there is no ${c.req.path} here; POST to /virtual`)));
  app.onError((error, c) => {
    const known = toApiError(error);
    if (known.status >= 500 && !stopping.aborted) settings.onTrouble("a call failed", error);
    return refuse(c, known);
  });
  return app;
}

/** In the wire's own shape: clients look at the status, people at the words. */
function refuse(c: Context, { status, message, retryAfterSeconds }: ApiError): Response {
  if (retryAfterSeconds !== null) c.header("Retry-After", String(retryAfterSeconds));
  return c.json({ error: message, response: "" }, status as 400);
}
