import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import type { Hono } from "hono";
import { MllmError, systemErrorCode } from "../../core/errors.js";
import { demandKeys } from "./authorize.js";
import { createApp } from "./create-app.js";
import type { ServerSettings } from "./server-settings.js";

export interface RunningServer {
  host: string;
  port: number;
  /** `http://127.0.0.1:8080` */
  url: string;
  /** Takes nothing new, waits for what is under way, and cuts off what takes longer. */
  stop(options: { drainSeconds: number }): Promise<void>;
}

/** Headers, and the whole request, have to arrive in this time; an idle connection is kept for so long. */
const HEADERS_MILLISECONDS = 30_000;
const REQUEST_MILLISECONDS = 60_000;
const IDLE_MILLISECONDS = 65_000;

/** Where to listen; port 0 takes a free one. */
export interface Place {
  host: string;
  port: number;
}

/** Serves an agent as one model of the OpenAI chat API. */
export async function startServer(settings: ServerSettings, place: Place): Promise<RunningServer> {
  demandKeys(place.host, settings.keys);
  return startApp((stopping) => createApp(settings, stopping), place);
}

/** Serves an app, which is told when it stops. Whoever starts one has asked `demandKeys` first. */
export async function startApp(
  create: (stopping: AbortSignal) => Hono<{ Bindings: HttpBindings }>,
  { host, port }: Place,
): Promise<RunningServer> {
  const stopping = new AbortController();
  const app = create(stopping.signal);
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;
  server.headersTimeout = HEADERS_MILLISECONDS;
  server.requestTimeout = REQUEST_MILLISECONDS;
  server.keepAliveTimeout = IDLE_MILLISECONDS;
  await listen(server, host, port);
  const address = server.address() as AddressInfo;
  const shown = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    host: address.address,
    port: address.port,
    url: `http://${shown}:${address.port}`,
    stop: async ({ drainSeconds }) => {
      stopping.abort();
      await close(server, drainSeconds);
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => {
      const code = systemErrorCode(error);
      const message = code === "EADDRINUSE" ? "the port is in use" : error.message;
      reject(
        new MllmError("unreachable", `cannot listen on ${host}:${port}: ${message}`, {
          hint: "Choose another with --port; 0 takes a free one.",
          cause: error,
        }),
      );
    });
    server.listen(port, host.replace(/^\[|\]$/g, ""), resolve);
  });
}

async function close(server: Server, drainSeconds: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  // A connection whose answer ends after this moment stays open for the next request, which would not come.
  const sweep = setInterval(() => server.closeIdleConnections(), 100);
  const timer = setTimeout(() => server.closeAllConnections(), drainSeconds * 1000);
  await closed;
  clearTimeout(timer);
  clearInterval(sweep);
}
