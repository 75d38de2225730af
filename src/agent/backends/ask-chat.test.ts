import { afterEach, describe, expect, it } from "@jest/globals";
import { serve } from "../../../test/tools/serve.js";
import { createAskChat } from "./ask-chat.js";
import { parseEndpoint } from "./endpoint.js";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A chat model that answers with each status in turn, and the last one again. */
async function serveChat(...statuses: number[]) {
  const server = await serve((_, response) => {
    const status = statuses[Math.min(server.requests.length, statuses.length) - 1] ?? 200;
    const message = { role: "assistant", content: "Rain" };
    const body = status === 200 ? { choices: [{ index: 0, message }] } : { error: { message: "busy" } };
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  closers.push(server.close);
  const endpoint = parseEndpoint(`${server.url}/v1#judge`, "default");
  return { server, ask: createAskChat({ endpoint, token: "secret", firstDelayMilliseconds: 1 }) };
}

const question = {
  messages: [{ role: "user" as const, content: "Weather?" }],
  ...{ temperature: 0, seed: 3, maxTokens: 20, signal: new AbortController().signal },
};

describe("createAskChat", () => {
  it("asks the model and returns its text", async () => {
    const { server, ask } = await serveChat(200);
    expect(await ask(question)).toBe("Rain");
    const [request] = server.requests;
    expect(request).toMatchObject({ method: "POST", url: "/v1/chat/completions" });
    expect(request?.headers.authorization).toBe("Bearer secret");
    expect(JSON.parse(request?.body ?? "")).toEqual({
      ...{ model: "judge", messages: question.messages, temperature: 0, seed: 3, max_tokens: 20 },
    });
  });

  it("tries again what may pass, and not what does not", async () => {
    const busy = await serveChat(503, 429, 200);
    expect(await busy.ask(question)).toBe("Rain");
    expect(busy.server.requests).toHaveLength(3);
    const wrong = await serveChat(400);
    await expect(wrong.ask(question)).rejects.toMatchObject({ code: "backend_failed" });
    expect(wrong.server.requests).toHaveLength(1);
    const down = await serveChat(503);
    await expect(down.ask(question)).rejects.toMatchObject({ code: "backend_failed" });
    expect(down.server.requests).toHaveLength(4);
  });

  it("stops when it is interrupted", async () => {
    const { ask } = await serveChat(503);
    const signal = AbortSignal.abort();
    await expect(ask({ ...question, signal })).rejects.toMatchObject({ code: "interrupted" });
  });
});
