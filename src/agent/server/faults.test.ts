import { request as httpRequest } from "node:http";
import { describe, expect, it } from "@jest/globals";
import { request, useServers } from "../../../test/clients/ask-server.js";
import { serveModel } from "../../../test/clients/serve-model.js";
import { createWeatherModel, threadProfile } from "../../../test/clients/weather.js";
import { createScriptedModel, type Script } from "../../../test/scripted-roles.js";
import { MllmError } from "../../core/errors.js";
import { startServer } from "./start-server.js";

const serve = useServers(0);

const limits = { maxTurns: 8, maxTokens: 4096, maxSeconds: 60, maxCalls: 8, maxNewTokens: 256 };

async function refusal(response: Response): Promise<object> {
  const { error } = (await response.json()) as { error: object };
  return { status: response.status, ...error };
}

const model = (scripts: { planner?: Script; caller?: Script; summarizer?: Script }) =>
  createScriptedModel(threadProfile, scripts);
const answering = { planner: ["I know it. Next: summarizer."] };

/** A planner that never answers; tells when it was asked, and when it was cancelled. */
function hangingModel() {
  const asked = deferred<void>();
  const cancelled = deferred<void>();
  const scripted = model({
    planner: ({ signal }) => {
      signal.addEventListener("abort", () => cancelled.resolve());
      asked.resolve();
      return { hangs: true };
    },
  });
  return { model: scripted, asked: asked.promise, cancelled: cancelled.promise };
}

function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

describe("a malformed request", () => {
  it.each([
    ["no JSON", "{", 400],
    ["an empty body", "", 400],
    ["no object", "[]", 400],
    ["null", "null", 400],
    ["no messages", "{}", 400],
    ["a deep value", `{"messages": ${"[".repeat(100_000)}${"]".repeat(100_000)}}`, 400],
    ["a message that is none", '{"messages": [null]}', 400],
    ["a tool without a name", '{"messages": [{"role": "user", "content": "?"}], "tools": [{}]}', 400],
    ["another model", '{"model": "gpt", "messages": [{"role": "user", "content": "?"}]}', 404],
  ])("is refused: %s", async (_name, body, status) => {
    const server = await serve(createWeatherModel());
    const response = await server.chat(body);
    expect(await refusal(response)).toMatchObject({ status, message: expect.any(String) });
    expect(server.troubles).toEqual([]);
  });

  it("is refused without the content type of JSON, so that no web page can send it", async () => {
    const server = await serve(createWeatherModel());
    const response = await server.chat(request, { headers: { "content-type": "text/plain" } });
    expect(await refusal(response)).toMatchObject({ status: 415 });
  });

  it.each([
    ["GET", "/v1/chat/completions", 405],
    ["POST", "/v1/models", 405],
    ["GET", "/v1/responses", 404],
    ["GET", "/", 404],
  ])("is refused: %s %s", async (method, path, status) => {
    const server = await serve(createWeatherModel());
    expect(await refusal(await fetch(server.url + path, { method }))).toMatchObject({ status });
  });

  it.each([
    ["said to be so", true],
    ["of unknown length", false],
  ])("of 10 MB, %s, is refused with 413, and the server goes on", async (_name, isSaid) => {
    const server = await serve(createWeatherModel());
    const body = Buffer.alloc(10 * 2 ** 20, 32);
    const pieces = function* () {
      for (let at = 0; at < body.length; at += 2 ** 16) yield body.subarray(at, at + 2 ** 16);
    };
    const init = isSaid ? { body } : { body: ReadableStream.from(pieces()), duplex: "half" };
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      ...init,
    } as RequestInit);
    expect(await refusal(response)).toMatchObject({ status: 413, code: "body_too_large" });
    expect((await server.chat(request)).status).toBe(200);
  });
});

describe("who may ask", () => {
  it.each([
    ["no key", {}, "missing_api_key"],
    ["another scheme", { authorization: "Basic a2V5" }, "missing_api_key"],
    ["a wrong key", { authorization: "Bearer other" }, "invalid_api_key"],
    ["a part of the key", { authorization: "Bearer the-ke" }, "invalid_api_key"],
  ])("is not somebody with %s", async (_name, headers, code) => {
    const server = await serve(createWeatherModel(), { keys: ["the-key"] });
    const response = await server.chat(request, { headers: headers as Record<string, string> });
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
    expect(await refusal(response)).toMatchObject({ status: 401, code, type: "authentication_error" });
    expect((await fetch(`${server.url}/v1/models`)).status).toBe(401);
  });

  it("is everybody who has one of the keys; health needs none", async () => {
    const server = await serve(createWeatherModel(), { keys: ["one", "two"] });
    expect((await server.chat(request, { headers: { authorization: "bearer two" } })).status).toBe(200);
    expect(await (await fetch(`${server.url}/health`)).json()).toEqual({
      status: "ok",
      running: 0,
      waiting: 0,
    });
  });

  it("is not a web page with a name of its own for this machine", async () => {
    const server = await serve(createWeatherModel());
    const status = await new Promise((resolve, reject) => {
      const options = { port: server.port, path: "/v1/models", headers: { host: "evil.example" } };
      httpRequest(options, (response) => resolve(response.statusCode))
        .on("error", reject)
        .end();
    });
    expect(status).toBe(403);
  });

  it("must be said where others can reach the server", async () => {
    const { stop, chat, troubles, ...settings } = await serve(createWeatherModel());
    await expect(
      startServer({ keys: [] } as never, { host: "0.0.0.0", port: settings.port }),
    ).rejects.toMatchObject({ code: "usage", hint: expect.stringContaining("MLLM_SERVE_KEY") });
  });

  it("may ask so often in a minute", async () => {
    let at = Date.parse("2026-01-01T00:00:00Z");
    const server = await serve(createWeatherModel(), {
      keys: ["one", "two"],
      limits: { requestsPerMinute: 2 },
      now: () => new Date(at),
    });
    const ask = async (key: string) => server.chat(request, { headers: { authorization: `Bearer ${key}` } });
    expect([(await ask("one")).status, (await ask("one")).status]).toEqual([200, 200]);
    const third = await ask("one");
    expect(third.headers.get("retry-after")).toBe("30");
    expect(await refusal(third)).toMatchObject({ status: 429, code: "rate_limit_exceeded" });
    expect((await ask("two")).status).toBe(200);
    at += 30_000;
    expect((await ask("one")).status).toBe(200);
  });
});

describe("a backend that fails", () => {
  const failure = new MllmError("backend_failed", "planner at http://10.0.0.1: connection refused");

  it.each([false, true])("is a 502 as long as nothing was said (streamed: %s)", async (stream) => {
    const server = await serve(model({ planner: [{ fails: failure }] }));
    const response = await server.chat({ ...request, stream });
    expect(await refusal(response)).toMatchObject({
      status: 502,
      type: "server_error",
      code: "backend_failed",
    });
    expect(server.troubles).toEqual([failure]);
  });

  it("ends a stream with an error where it dies in the middle", async () => {
    const server = await serve(model({ ...answering, summarizer: [{ diesAfter: "Rome is warm" }] }));
    const response = await server.chat({ ...request, stream: true });
    const events = (await response.text()).trim().split("\n\n");
    expect(events.at(-1)).toMatch(/^data: \{"error":\{"message":".*","type":"server_error"/);
    expect(events.join()).not.toContain("[DONE]");
  });

  it("is a defect of ours where it throws what nobody knows, and tells the client nothing of it", async () => {
    const server = await serve(model({ planner: [{ fails: new TypeError("secret of the house") }] }));
    const said = JSON.stringify(await refusal(await server.chat(request)));
    expect(said).toContain("internal_error");
    expect(said).not.toContain("secret");
    expect(server.troubles).toHaveLength(1);
  });

  it.each([false, true])("makes a give-up where it hangs (streamed: %s)", async (stream) => {
    const server = await serve(hangingModel().model, { agent: { limits: { ...limits, maxSeconds: 0.05 } } });
    const text = await (await server.chat({ ...request, stream })).text();
    expect(text).toContain('"plan":"give_up"');
    expect(text).toContain("the limit of seconds is reached");
  });

  it.each([
    ["nothing", ""],
    ["no decision", "I do not know what you mean by that"],
    ["markers", "Next: Next: caller planner: </s><|end|> Next: "],
    ["bytes", "\u0000\ufffd\ud800 Next: caller."],
  ])("makes an answer or a give-up where it says %s", async (_name, said) => {
    const server = await serve(model({ planner: () => said, caller: () => said, summarizer: () => said }));
    const response = await server.chat(request);
    expect(response.status).toBe(200);
    expect(JSON.stringify(await response.json())).toMatch(/"plan":"(answer|give_up|call)"/);
    expect(server.troubles).toEqual([]);
  });
});

describe("a client that goes away", () => {
  it.each([false, true])("cancels the work down to the backend (streamed: %s)", async (stream) => {
    const hanging = hangingModel();
    const server = await serve(hanging.model, { limits: { maxConcurrent: 1, pingSeconds: 0.01 } });
    const controller = new AbortController();
    const response = server.chat({ ...request, stream }, { signal: controller.signal });
    await hanging.asked;
    // With a stream, in the middle of it.
    if (stream) await response;
    controller.abort();
    await Promise.allSettled([response]);
    await hanging.cancelled;
    // Its place is free.
    for (;;) {
      const health = (await (await fetch(`${server.url}/health`)).json()) as { running: number };
      if (health.running === 0) break;
    }
    expect(server.troubles).toEqual([]);
  });
});

describe("a busy server", () => {
  it("lets requests wait, and sends away what is too much", async () => {
    const gate = deferred<string>();
    const server = await serve(model({ planner: () => gate.promise.then(() => "Enough. Next: give up.") }), {
      limits: { maxConcurrent: 1, maxQueued: 1 },
    });
    const first = server.chat(request);
    const second = server.chat(request);
    const health = async () => (await (await fetch(`${server.url}/health`)).json()) as object;
    for (;;) if (JSON.stringify(await health()).includes('"running":1,"waiting":1')) break;
    const third = await server.chat(request);
    expect(third.headers.get("retry-after")).toBe("1");
    expect(await refusal(third)).toMatchObject({ status: 429, code: "server_busy" });
    gate.resolve("");
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
    expect(await health()).toMatchObject({ running: 0, waiting: 0 });
  });

  it("finishes what is under way before it stops", async () => {
    const gate = deferred<string>();
    const asked = deferred<void>();
    const server = await serveModel(
      model({
        planner: () => {
          asked.resolve();
          return gate.promise.then(() => "Enough. Next: give up.");
        },
      }),
    );
    const response = server.chat(request);
    await asked.promise;
    const stopped = server.stop({ drainSeconds: 60 });
    await expect(fetch(`${server.url}/health`)).rejects.toThrow();
    gate.resolve("");
    expect((await response).status).toBe(200);
    await stopped;
  });

  it("cuts off what takes too long to finish", async () => {
    const hanging = hangingModel();
    const server = await serveModel(hanging.model);
    const response = server.chat(request);
    await hanging.asked;
    await Promise.all([server.stop({ drainSeconds: 0 }), expect(response).rejects.toThrow()]);
    await hanging.cancelled;
  });
});
