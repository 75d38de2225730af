import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import { ProviderError } from "../../core/errors.js";
import type { JsonRequest } from "./json-request.js";
import { requestJson, requestPage } from "./request-json.js";

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const close: (() => void)[] = [];
afterEach(() => {
  for (const end of close.splice(0)) end();
});

/** A real server that answers with each handler in turn, the last one for all further requests. */
async function serve(...handlers: Handler[]): Promise<{ url: string; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (bytes) => {
      body += bytes;
    });
    request.on("end", () => {
      requests.push(`${request.method} ${request.url} ${request.headers.authorization ?? "-"} ${body}`);
      const handler = handlers[Math.min(requests.length, handlers.length) - 1] as Handler;
      handler(request, response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  close.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

function answer(status: number, body: unknown, headers: Record<string, string> = {}): Handler {
  return (_request, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
}

const TOKEN = "secret-token-123";

function createTools() {
  const pauses: number[] = [];
  const sleep = async (milliseconds: number) => {
    pauses.push(milliseconds);
  };
  return { tools: { fetch: globalThis.fetch, sleep }, pauses };
}

const ask = (url: string, overrides: Partial<JsonRequest> = {}): JsonRequest => ({
  provider: "acme",
  method: "GET",
  url,
  token: TOKEN,
  ...overrides,
});

async function failure(promise: Promise<unknown>): Promise<ProviderError> {
  const error = await promise.then(
    () => null,
    (problem: unknown) => problem,
  );
  if (error instanceof ProviderError) return error;
  throw new Error(`expected a ProviderError, got ${String(error)}`);
}

describe("requestJson", () => {
  it("sends a JSON body with the token and parses the answer", async () => {
    const { url, requests } = await serve(answer(201, { id: "a1" }));
    const { tools } = createTools();
    const body = await requestJson(tools, ask(`${url}/pods?x=1`, { method: "POST", body: { name: "n" } }));
    expect(body).toEqual({ id: "a1" });
    expect(requests).toEqual([`POST /pods?x=1 Bearer ${TOKEN} {"name":"n"}`]);
  });

  it("gives null for an empty answer, and headers where they are asked for", async () => {
    const { url } = await serve(answer(204, ""), answer(200, [], { link: '<x>; rel="next"' }));
    const { tools } = createTools();
    expect(await requestJson(tools, ask(url, { method: "DELETE" }))).toBeNull();
    expect((await requestPage(tools, ask(url))).headers.get("link")).toBe('<x>; rel="next"');
  });

  it("repeats a GET after failures that may pass, with growing pauses", async () => {
    const broken: Handler = (_request, response) => response.destroy();
    const { url, requests } = await serve(
      answer(502, "bad"),
      broken,
      answer(200, "{"),
      answer(200, { ok: 1 }),
    );
    const { tools, pauses } = createTools();
    expect(await requestJson(tools, ask(url))).toEqual({ ok: 1 });
    expect(requests.length).toBe(4);
    expect(pauses).toEqual([500, 1000, 2000]);
  });

  it("gives up after a few times, retryable and not ambiguous", async () => {
    const { url, requests } = await serve(answer(503, { message: "away" }));
    const error = await failure(requestJson(createTools().tools, ask(url)));
    expect(error).toMatchObject({ statusCode: 503, isRetryable: true, isAmbiguous: false });
    expect(error.message).toBe(`acme: GET ${url}/: 503: away`);
    expect(requests.length).toBe(4);
  });

  it("waits as Retry-After says, in seconds or until a date", async () => {
    const date = "Wed, 21 Oct 2026 07:28:00 GMT";
    const { url } = await serve(
      answer(429, {}, { "retry-after": "7" }),
      answer(429, {}, { "retry-after": "Wed, 21 Oct 2026 07:28:12 GMT", date }),
      answer(200, 1),
    );
    const { tools, pauses } = createTools();
    await requestJson(tools, ask(url));
    expect(pauses).toEqual([7000, 12_000]);
  });

  it("does not wait longer than a minute by itself", async () => {
    const { url, requests } = await serve(answer(429, {}, { "retry-after": "3600" }));
    const error = await failure(requestJson(createTools().tools, ask(url)));
    expect(error).toMatchObject({ retryAfterSeconds: 3600, isRetryable: true });
    expect(requests.length).toBe(1);
  });

  it.each([
    ["a 5xx", answer(500, "oops"), true],
    ["a broken connection", ((_request, response) => response.destroy()) as Handler, true],
    ["half a body", halfBody, true],
    ["text that is not JSON", answer(200, '{"id": '), true],
    ["a redirect to the result", answer(303, "", { location: "/elsewhere" }), true],
    ["a rate limit", answer(429, "slow"), false],
    ["a refusal", answer(400, "no"), false],
    ["a redirect", answer(307, "", { location: "/elsewhere" }), false],
  ])(
    "sends a POST once and says after %s whether it may have been carried out",
    async (_what, handler, isAmbiguous) => {
      const { url, requests } = await serve(handler);
      const error = await failure(requestJson(createTools().tools, ask(url, { method: "POST", body: {} })));
      expect(error.isAmbiguous).toBe(isAmbiguous);
      expect(requests.length).toBe(1);
    },
  );

  it("ends a request that takes too long, as ambiguous", async () => {
    const { url } = await serve(() => {});
    const request = ask(url, { method: "POST", body: {}, timeoutMilliseconds: 20 });
    const error = await failure(requestJson(createTools().tools, request));
    expect(error).toMatchObject({ isAmbiguous: true, code: "unreachable" });
    expect(error.message).toContain("no answer in time");
  });

  it("knows that a server which does not listen received nothing", async () => {
    const { url } = await serve(answer(200, {}));
    for (const end of close.splice(0)) end();
    const error = await failure(requestJson(createTools().tools, ask(url, { method: "POST", body: {} })));
    expect(error).toMatchObject({ isAmbiguous: false, isRetryable: true, code: "unreachable" });
  });

  it.each([
    [
      { title: "Bad", status: 400, detail: "no GPU left", errors: ["$.gpu: unknown"] },
      "no GPU left: $.gpu: unknown",
    ],
    [{ error: { message: "model is unknown", code: "x" } }, "model is unknown"],
    [{ message: "nope" }, "nope"],
    [{ error: "Invalid flavor" }, "Invalid flavor"],
    [{ detail: [{ loc: ["a"], msg: "field required" }] }, "field required"],
    ["plain\u001b[31m words\n", "plain [31m words"],
  ])("carries the vendor's own words: %j", async (body, words) => {
    const { url } = await serve(answer(400, body));
    const error = await failure(requestJson(createTools().tools, ask(`${url}/v2/pods?a=b`)));
    expect(error.message).toBe(`acme: GET ${url}/v2/pods: 400: ${words}`);
    expect(error).toMatchObject({ isRetryable: false, code: "bad_input", statusCode: 400 });
  });

  it.each([
    [401, "bad_credentials"],
    [402, "over_budget"],
    [403, "permission_denied"],
    [404, "not_found"],
  ])("gives %i the code %s", async (status, code) => {
    const { url } = await serve(answer(status, {}));
    expect((await failure(requestJson(createTools().tools, ask(url)))).code).toBe(code);
  });

  it("shows no page of a gateway and no more than some words", async () => {
    const page = answer(404, "<html>nginx</html>", { "content-type": "text/html" });
    const { url } = await serve(page, answer(404, "x".repeat(200_000)));
    const { tools } = createTools();
    expect((await failure(requestJson(tools, ask(url)))).message).toBe(`acme: GET ${url}/: 404`);
    expect((await failure(requestJson(tools, ask(url)))).message.length).toBeLessThan(1100);
  });

  it("takes tokens and secrets out of what the vendor repeats", async () => {
    const { url } = await serve(
      answer(401, { message: `bad token ${TOKEN}, key other+secret other%2Bsecret` }),
    );
    const error = await failure(
      requestJson(createTools().tools, ask(url, { secrets: ["other+secret"], method: "POST", body: {} })),
    );
    expect(error.message).toContain("bad token <redacted>, key <redacted> <redacted>");
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(TOKEN);
  });

  it("refuses a token or an address that fetch would name in its error", async () => {
    const { tools } = createTools();
    const token = await failure(requestJson(tools, ask("http://127.0.0.1:1", { token: "a\nb" })));
    expect(token.code).toBe("bad_credentials");
    const address = await failure(requestJson(tools, ask("http://user:pass@127.0.0.1:1")));
    expect(address.message).not.toContain("pass");
  });

  it("sends no token on to another origin", async () => {
    const other = await serve(answer(200, { ok: 1 }));
    const { url } = await serve(answer(302, "", { location: other.url.replace("127.0.0.1", "localhost") }));
    await requestJson(createTools().tools, ask(url)).catch(() => null);
    for (const request of other.requests) expect(request).not.toContain(TOKEN);
  });

  it("refuses an answer that is larger than any should be", async () => {
    const { url } = await serve(answer(200, "1".repeat(33 * 1024 * 1024)));
    const error = await failure(requestJson(createTools().tools, ask(url, { method: "POST", body: {} })));
    expect(error.message).toMatch(/larger than/);
  });
});

function halfBody(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(201, { "content-type": "application/json", "content-length": "100" });
  response.write('{"id": "a', () => response.destroy());
}
