import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { ApiError, toApiError } from "./api-error.js";
import { createAuthorize, demandLoopback } from "./authorize.js";
import { sendStream } from "./event-stream.js";
import { ExchangeRunner } from "./exchange-runner.js";
import { RateLimit } from "./rate-limit.js";
import { readBody } from "./read-body.js";
import type { ServerSettings } from "./server-settings.js";

type App = Hono<{ Bindings: HttpBindings }>;

/** The routes of the server; `stopping` is aborted when no new work is taken any more. */
export function createApp(settings: ServerSettings, stopping: AbortSignal): App {
  const { agent, limits, now } = settings;
  const runner = new ExchangeRunner(settings);
  const startedAt = Math.floor(now().getTime() / 1000);
  const model = { id: agent.name, object: "model", created: startedAt, owned_by: "mllm" };
  const app: App = new Hono();
  app.get("/health", (c) => {
    const status = stopping.aborted ? "stopping" : "ok";
    return c.json({ status, ...runner.counts }, stopping.aborted ? 503 : 200);
  });
  app.use("*", guard(settings, stopping));
  app.get("/v1/models", (c) => c.json({ object: "list", data: [model] }));
  app.get("/v1/models/:id{.+}", (c) => {
    const id = c.req.param("id");
    if (id !== agent.name) throw new ApiError(404, `there is no model ${id}`, { code: "model_not_found" });
    return c.json(model);
  });
  app.post("/v1/chat/completions", async (c) => {
    const body = await readBody(c.env.incoming as IncomingMessage, limits.maxBodyBytes);
    const answer = await runner.answer(body, untilClosed(c.env.outgoing));
    if (answer.kind === "document") return c.json(answer.value);
    await sendStream(c.env.outgoing, answer.pieces);
    return RESPONSE_ALREADY_SENT;
  });
  app.on(["POST", "PUT", "PATCH", "DELETE"], ["/health", "/v1/models", "/v1/models/*"], wrongMethod);
  app.on(["GET", "PUT", "PATCH", "DELETE"], ["/v1/chat/completions"], wrongMethod);
  app.notFound((c) => refuse(c, new ApiError(404, `there is no ${c.req.path} here`, { code: "not_found" })));
  app.onError((error, c) => {
    const known = toApiError(error);
    if (known.status >= 500 && known.code !== "stopping") settings.onTrouble("a request failed", error);
    return refuse(c, known);
  });
  return app;
}

function guard(
  settings: ServerSettings,
  stopping: AbortSignal,
): MiddlewareHandler<{ Bindings: HttpBindings }> {
  const { keys, limits, now } = settings;
  const authorize = createAuthorize(keys);
  const rate = limits.requestsPerMinute === null ? null : new RateLimit(limits.requestsPerMinute, now);
  return async (c, next) => {
    if (keys.length === 0) demandLoopback(c.req.header("host"));
    const client = authorize(c.req.header("authorization"));
    if (stopping.aborted) {
      throw new ApiError(503, "the server is stopping", { code: "stopping", retryAfterSeconds: 5 });
    }
    if (c.req.method === "POST") rate?.take(client);
    await next();
  };
}

function wrongMethod(c: Context): never {
  throw new ApiError(405, `${c.req.path} does not take ${c.req.method}`, { code: "method_not_allowed" });
}

function refuse(c: Context, error: ApiError): Response {
  if (error.retryAfterSeconds !== null) c.header("Retry-After", String(error.retryAfterSeconds));
  if (error.status === 401) c.header("WWW-Authenticate", "Bearer");
  return c.json(error.body, error.status as 400);
}

/** Aborted when the connection ends before the answer does. */
function untilClosed(outgoing: ServerResponse): AbortSignal {
  const controller = new AbortController();
  const onClose = () => {
    if (!outgoing.writableFinished) controller.abort();
  };
  if (outgoing.destroyed) onClose();
  else outgoing.once("close", onClose);
  return controller.signal;
}
