import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type Answer, forward, pipe } from "./forward-request.js";
import { createSeededRandom } from "./seeded-random.js";

/*
 * Stands between an adapter and a fake server and breaks what is between them:
 *
 *   const proxy = await startFaultProxy({ target: server.url, seed: 7, share: 0.3 });   // a third of all requests
 *   proxy.next("drop-after");                                                           // or told one by one
 *   createXProvider({ …, fetch: impatientFetch(30), env: { X_API_BASE: proxy.url } }, settings)
 *   proxy.log → [{ method: "POST", path: "/v2/pods", fault: "drop-after" }, …]
 *   await proxy.settled(); await proxy.close();
 */

const FAULTS = [
  /** Passed on unharmed. */
  "none",
  /** The connection breaks; the server saw nothing. */
  "drop-before",
  /** The connection breaks when the server has done its work. */
  "drop-after",
  /** The server gets the request when the client has given up. */
  "delay-before",
  /** The server does its work at once; the client gives up waiting for the answer. */
  "delay-after",
  /** Not passed on. */
  "rate-limit",
  "error-500-before",
  "error-500-after",
  "error-502-before",
  "error-502-after",
  /** The server does its work; its answer breaks off in the middle. */
  "half-body",
  /** The server gets the request twice; the client sees the first answer. */
  "duplicate",
  /** A status word in the answer is one that nobody knows. */
  "unknown-status",
] as const;
export type Fault = (typeof FAULTS)[number];

export interface FaultProxyOptions {
  target: string;
  /** Equal seeds give equal faults for equal requests in equal order. */
  seed?: number;
  /** How many of the requests are hurt: 0 (only those told by `next`) to 1. */
  share?: number;
  /** Those to draw from; all but `none` by default. */
  faults?: readonly Fault[];
  /** Which requests may be hurt; all by default. */
  applies?: (method: string, path: string) => boolean;
  /** A delayed request reaches the server up to so many milliseconds after the client has given up. */
  lateMilliseconds?: number;
  retryAfterSeconds?: number;
  /** Changes an answer's JSON for `unknown-status`; by default every value of `status`, `state` and `stage`. */
  confuse?: (answer: string) => string;
}

export interface FaultProxy {
  url: string;
  /** Faults for the next requests to which faults apply, before any that are drawn. */
  next(...faults: Fault[]): void;
  /** From now on. */
  setShare(share: number): void;
  /** `body` of a POST. */
  log: { method: string; path: string; fault: Fault; body: string }[];
  /** What clients have given up on has reached the server: a made-up clock waits for it, as a real one would. */
  delivered(): Promise<void>;
  /** Everything that was delayed has reached the server and was answered. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Of the bodies that are kept. */
const LONGEST_BODY = 65_536;

interface Exchange {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  forward(): Promise<Answer>;
}

/** See above. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const script: Fault[] = [];
  const log: FaultProxy["log"] = [];
  const open = new Set<Promise<unknown>>();
  const late = new Set<Promise<unknown>>();
  const random = createSeededRandom(options.seed ?? 1);
  const drawn = options.faults ?? FAULTS.filter((fault) => fault !== "none");
  let share = options.share ?? 0;
  const choose = (method: string, path: string): Fault => {
    if (options.applies?.(method, path) === false) return "none";
    const told = script.shift();
    if (told !== undefined) return told;
    if (random() >= share) return "none";
    return drawn[Math.floor(random() * drawn.length)] ?? "none";
  };
  const server = createServer((incoming, outgoing) => {
    const { method = "GET", url = "/" } = incoming;
    const fault = choose(method, url.split("?")[0] as string);
    const entry = { method, path: url, fault, body: "" };
    log.push(entry);
    if (method === "POST")
      incoming.on("data", (bytes: Buffer) => {
        if (entry.body.length < LONGEST_BODY) entry.body += bytes.toString();
      });
    const delayed = random() * (options.lateMilliseconds ?? 0);
    const work = pass({ ...options, late: delayed }, fault, incoming, outgoing).catch(() =>
      outgoing.destroy(),
    );
    open.add(work);
    work.finally(() => open.delete(work));
    outgoing.on("close", () => {
      if (!open.has(work)) return;
      late.add(work);
      work.finally(() => late.delete(work));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next: (...faults) => script.push(...faults),
    setShare: (value) => {
      share = value;
    },
    log,
    async delivered() {
      while (late.size > 0) await Promise.all(late);
    },
    async settled() {
      while (open.size > 0) await Promise.all(open);
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await Promise.all(open);
    },
  };
}

/** A fetch that gives up after so many milliseconds, whatever its caller would wait. */
export function impatientFetch(milliseconds: number): typeof globalThis.fetch {
  return (input, init) => {
    // Node 20 may collect a timeout that only AbortSignal.any knows (nodejs/node#57736), and then it never ends.
    const controller = new AbortController();
    const giveUp = () => controller.abort(new DOMException("no answer in time", "TimeoutError"));
    setTimeout(giveUp, milliseconds).unref();
    init?.signal?.addEventListener("abort", () => controller.abort(init.signal?.reason), { once: true });
    return globalThis.fetch(input, { ...init, signal: controller.signal });
  };
}

async function pass(
  options: FaultProxyOptions & { late: number },
  fault: Fault,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const gone = new Promise<void>((resolve) => outgoing.on("close", resolve));
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const isStream = incoming.headers.accept?.includes("event-stream") === true;
  const exchange = { incoming, outgoing, forward: () => forward(options.target, incoming, body) };
  // A live stream has no end to wait for: it is refused, or dropped at the start, or passed on.
  if (isStream && !["drop-before", "rate-limit", "error-500-before", "error-502-before"].includes(fault)) {
    return pipe(options.target, incoming, outgoing);
  }
  switch (fault) {
    case "drop-before":
      outgoing.destroy();
      return;
    case "delay-before":
      await gone;
      await delay(options.late);
      await exchange.forward();
      return;
    case "rate-limit":
      return refuse(exchange, 429, { "retry-after": String(options.retryAfterSeconds ?? 1) });
    case "error-500-before":
    case "error-502-before":
      return refuse(exchange, fault === "error-500-before" ? 500 : 502);
    default:
      return passBack(options, fault, exchange, gone);
  }
}

/** The faults after the server has done its work. */
async function passBack(
  { confuse = confuseStatus }: FaultProxyOptions,
  fault: Fault,
  exchange: Exchange,
  gone: Promise<void>,
): Promise<void> {
  const answer = await exchange.forward();
  const { outgoing } = exchange;
  switch (fault) {
    case "drop-after":
      outgoing.destroy();
      return;
    case "delay-after":
      await gone;
      return;
    case "error-500-after":
    case "error-502-after":
      return refuse(exchange, fault === "error-500-after" ? 500 : 502);
    case "half-body":
      return cut(outgoing, answer);
    case "duplicate":
      await exchange.forward();
      return reply(outgoing, answer);
    case "unknown-status":
      return reply(outgoing, { ...answer, body: Buffer.from(confuse(answer.body.toString())) });
    default:
      return reply(outgoing, answer);
  }
}

function confuseStatus(answer: string): string {
  return answer.replace(/("(?:status|state|stage)":\s*)"[^"]*"/g, '$1"HIBERNATING"');
}

function refuse({ outgoing }: Exchange, status: number, headers: Record<string, string> = {}): void {
  outgoing.writeHead(status, { "content-type": "text/plain", ...headers }).end("the proxy says so");
}

function cut(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  // Without a body there is no half of one: the answer itself breaks off.
  if (body.length < 2) {
    outgoing.destroy();
    return;
  }
  outgoing.writeHead(status, { ...plain(headers), "content-length": String(body.length) });
  outgoing.write(body.subarray(0, Math.floor(body.length / 2)), () => outgoing.destroy());
}

function reply(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  outgoing.writeHead(status, plain(headers)).end(body);
}

function plain(headers: IncomingMessage["headers"]): Record<string, string | string[]> {
  const {
    "transfer-encoding": _chunked,
    connection: _connection,
    "content-length": _length,
    ...rest
  } = headers;
  return rest as Record<string, string | string[]>;
}
