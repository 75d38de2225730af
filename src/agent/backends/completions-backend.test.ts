import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import type { CompletionRequest } from "../role-model.js";
import { type CompletionsBackendSettings, createCompletionsBackend } from "./completions-backend.js";
import { parseEndpoint } from "./endpoint.js";

type Answer = (response: ServerResponse, body: Record<string, unknown>, request: IncomingMessage) => void;

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Each request takes the next answer; the last one goes on. */
async function serve(...answers: Answer[]): Promise<{ url: string; bodies: Record<string, unknown>[] }> {
  const bodies: Record<string, unknown>[] = [];
  server = createServer(async (request, response) => {
    let text = "";
    for await (const part of request) text += part;
    bodies.push(JSON.parse(text) as Record<string, unknown>);
    const answer = answers[Math.min(bodies.length, answers.length) - 1];
    answer?.(response, bodies.at(-1) ?? {}, request);
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies };
}

function event(text: string, finishReason: string | null = null): string {
  return `data: ${JSON.stringify({ choices: [{ index: 0, text, finish_reason: finishReason }] })}\n\n`;
}

const USAGE = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 9, completion_tokens: 3 } })}\n\n`;

function says(...lines: string[]): Answer {
  return (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const line of lines) response.write(line);
    response.end();
  };
}

const fails =
  (status: number, body: unknown): Answer =>
  (response) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

const well = says(event(" one"), event(" two"), event("", "stop"), USAGE, "data: [DONE]\n\n");

function backendAt(url: string, settings: Partial<CompletionsBackendSettings> = {}) {
  return createCompletionsBackend({
    endpoint: parseEndpoint(url, "caller"),
    role: "caller",
    token: null,
    sleep: async () => undefined,
    ...settings,
  });
}

function ask(overrides: Partial<CompletionRequest> = {}): CompletionRequest {
  return {
    prompt: "user: hi</s>caller:",
    stop: ["</s>"],
    maxTokens: 20,
    temperature: 0,
    seed: 7,
    grammar: null,
    signal: new AbortController().signal,
    ...overrides,
  };
}

const failsWith = (message: RegExp, code = "backend_failed") =>
  expect.objectContaining({ code, message: expect.stringMatching(message) as unknown as string });

describe("createCompletionsBackend", () => {
  it("sends the raw prompt and returns text, finish reason and usage", async () => {
    const { url, bodies } = await serve(well);
    const completion = await backendAt(url).complete(ask());
    expect(completion).toEqual({
      text: " one two",
      finishReason: "stop",
      promptTokens: 9,
      completionTokens: 3,
    });
    expect(bodies[0]).toEqual({
      model: "caller",
      prompt: "user: hi</s>caller:",
      max_tokens: 20,
      temperature: 0,
      seed: 7,
      stop: ["</s>"],
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it("gives the text in pieces", async () => {
    const { url } = await serve(well);
    const pieces: string[] = [];
    for await (const piece of backendAt(url).stream(ask())) pieces.push(piece);
    expect(pieces).toEqual([" one", " two"]);
  });

  it("takes off a stop string that the server left in, even in two pieces", async () => {
    const { url } = await serve(says(event("yes<"), event("/s>no"), event("", "stop"), USAGE));
    const pieces: string[] = [];
    const stream = backendAt(url).stream(ask());
    let next = await stream.next();
    for (; !next.done; next = await stream.next()) pieces.push(next.value);
    expect(pieces.join("")).toBe("yes");
    expect(next.value).toMatchObject({ text: "yes", finishReason: "stop", completionTokens: 3 });
  });

  it("hangs up on a server that goes on after a stop string", async () => {
    let hasHungUp: () => void = () => undefined;
    const hungUp = new Promise<void>((resolve) => {
      hasHungUp = resolve;
    });
    const { url } = await serve((response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(event("a</s>"));
      response.write(event("b"));
      response.on("close", hasHungUp);
    });
    expect(await backendAt(url).complete(ask())).toMatchObject({ text: "a", finishReason: "stop" });
    await hungUp;
  });

  it("keeps what looked like a stop string and was none", async () => {
    const { url } = await serve(says(event("a <"), event("", "length")));
    expect(await backendAt(url).complete(ask())).toMatchObject({ text: "a <", finishReason: "length" });
  });

  it.each([
    ["vllm", { model: "m", structured_outputs: { grammar: expect.any(String) } }],
    ["sglang", { model: "m", ebnf: expect.any(String) }],
    ["embedded", { model: "m", grammar: expect.any(String) }],
  ])("hands the grammar to %s in its own field", async (engine, fields) => {
    const { url, bodies } = await serve(well);
    const grammar = { before: " ", between: " ", after: "", tools: [{ name: "f", parameters: {} }] };
    await backendAt(`${engine}+${url}#m`).complete(ask({ grammar }));
    expect(bodies[0]).toMatchObject(fields);
  });

  it("passes the grammar over where the server has none", async () => {
    const { url, bodies } = await serve(well);
    const grammar = { before: "", between: "", after: "", tools: [] };
    await backendAt(`ollama+${url}`).complete(ask({ grammar }));
    expect(Object.keys(bodies[0] ?? {})).not.toEqual(expect.arrayContaining(["grammar"]));
  });

  it("numbers llama.cpp's adapters, and names models that look like paths", async () => {
    const { url, bodies } = await serve(well);
    await backendAt(`llama.cpp+${url}#2`).complete(ask());
    await backendAt(`vllm+${url}#/models/caller`).complete(ask());
    expect(bodies[0]).toMatchObject({ lora: [{ id: 2, scale: 1 }] });
    expect(bodies[1]).toMatchObject({ model: "/models/caller" });
  });

  it("waits for a server that is starting", async () => {
    const busy = fails(503, { error: { message: "loading" } });
    const { url, bodies } = await serve(busy, busy, well);
    expect(await backendAt(url).complete(ask())).toMatchObject({ text: " one two" });
    expect(bodies).toHaveLength(3);
  });

  it("gives up on one that never starts", async () => {
    const { url, bodies } = await serve(fails(503, { error: { message: "loading" } }));
    await expect(backendAt(url, { maxTries: 3 }).complete(ask())).rejects.toEqual(
      failsWith(/caller at .*: answered HTTP 503: loading/),
    );
    expect(bodies).toHaveLength(3);
  });

  it("says that nothing listens, after as many tries", async () => {
    const { url } = await serve(well);
    await new Promise((resolve) => server?.close(resolve));
    let naps = 0;
    const sleep = async () => {
      naps += 1;
    };
    await expect(backendAt(url, { maxTries: 4, sleep }).complete(ask())).rejects.toEqual(
      failsWith(/connection refused/),
    );
    expect(naps).toBe(3);
  });

  it.each<[string, Answer, RegExp]>([
    ["refuses", fails(400, { error: { message: "too long" } }), /HTTP 400: too long/],
    ["wants a key", fails(401, { error: "no" }), /refused the request \(HTTP 401\)/],
    [
      "does not know the model",
      fails(404, { error: { message: "no model m" } }),
      /no such model.*no model m/,
    ],
    [
      "answers with a page",
      (r) => r.writeHead(200, { "content-type": "text/html" }).end("<p>"),
      /text\/html/,
    ],
    ["sends broken JSON", says("data: {nonsense\n\n"), /JSON/],
    ["sends something else", says('data: {"hello": 1}\n\n'), /expected a piece of a completion/],
    ["sends no text", says('data: {"choices": [{"text": 5}]}\n\n'), /expected a text/],
    [
      "fails in the middle",
      says(event("a"), 'data: {"error": {"message": "out of memory"}}\n\n'),
      /out of memory/,
    ],
    ["ends too soon", says(event("a")), /broke off/],
    ["never ends", says(event("x".repeat(9000))), /far beyond 20 tokens/],
    [
      "dies in the middle",
      (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(event("a"), () => response.destroy());
      },
      /broke/,
    ],
  ])("is an error that can be acted on where the server %s", async (_name, answer, message) => {
    const { url, bodies } = await serve(answer);
    await expect(backendAt(url).complete(ask())).rejects.toEqual(failsWith(message));
    expect(bodies).toHaveLength(1);
  });

  it("gives up on a server that says nothing", async () => {
    const { url } = await serve(() => undefined);
    await expect(backendAt(url, { silenceSeconds: 0.05 }).complete(ask())).rejects.toEqual(
      failsWith(/said nothing for 0.05 s/),
    );
  });

  it("stops the server's work when it is interrupted", async () => {
    const user = new AbortController();
    let hasHungUp: () => void = () => undefined;
    const hungUp = new Promise<void>((resolve) => {
      hasHungUp = resolve;
    });
    const { url } = await serve((response) => {
      response.on("close", hasHungUp);
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(event("a"));
    });
    const stream = backendAt(url).stream(ask({ signal: user.signal }));
    await stream.next();
    user.abort();
    await expect(stream.next()).rejects.toEqual(failsWith(/interrupted/, "interrupted"));
    await hungUp;
  });

  it("gives nothing more when it is interrupted, though more has come already", async () => {
    const user = new AbortController();
    const { url } = await serve(well);
    const stream = backendAt(url).stream(ask({ signal: user.signal }));
    await stream.next();
    user.abort();
    await expect(stream.next()).rejects.toEqual(failsWith(/interrupted/, "interrupted"));
  });

  it("stops the server's work when nobody wants more pieces", async () => {
    let hasHungUp: () => void = () => undefined;
    const hungUp = new Promise<void>((resolve) => {
      hasHungUp = resolve;
    });
    const { url } = await serve((response) => {
      response.on("close", hasHungUp);
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(event("a"));
    });
    for await (const _piece of backendAt(url).stream(ask())) break;
    await hungUp;
  });

  it("sends the token where there is one", async () => {
    let header: string | undefined;
    const { url } = await serve((response, body, request) => {
      header = request.headers.authorization;
      well(response, body, request);
    });
    await backendAt(url, { token: "key-1" }).complete(ask());
    expect(header).toBe("Bearer key-1");
  });
});
