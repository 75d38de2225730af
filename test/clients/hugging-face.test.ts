import { InferenceClient } from "@huggingface/inference";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { serveModel, type TestServer } from "./serve-model.js";
import { ANSWER, createWeatherModel, getTemperature, QUESTION, THOUGHTS, weatherTool } from "./weather.js";

let server: TestServer;
let client: InferenceClient;

beforeAll(async () => {
  server = await serveModel(createWeatherModel());
  client = new InferenceClient("", { endpointUrl: `${server.url}/v1` });
});
afterAll(() => server.stop({ drainSeconds: 1 }));

interface Said {
  content: string;
  calls: { id: string; name: string; arguments: string }[];
}

/** Asks until no tool is called any more; the client knows no types for messages that go back. */
async function solve(ask: (request: never) => Promise<Said>): Promise<Said[]> {
  const messages: object[] = [{ role: "user", content: QUESTION }];
  const said: Said[] = [];
  for (;;) {
    const message = await ask({ model: "weather", messages, tools: [weatherTool], max_tokens: 100 } as never);
    said.push(message);
    if (message.calls.length === 0) return said;
    messages.push({
      role: "assistant",
      content: message.content,
      tool_calls: message.calls.map(({ id, ...call }) => ({ id, type: "function", function: call })),
    });
    for (const call of message.calls) {
      messages.push({
        role: "tool",
        tool_call_id: call.id,
        content: getTemperature(JSON.parse(call.arguments)),
      });
    }
  }
}

describe("the Hugging Face client", () => {
  it("solves a task with chatCompletion", async () => {
    const said = await solve(async (request) => {
      const { choices } = await client.chatCompletion(request);
      const message = choices[0]?.message;
      const calls = (message?.tool_calls ?? []).map((call) => ({
        id: call.id,
        name: call.function.name,
        arguments: call.function.arguments,
      }));
      return { content: message?.content ?? "", calls };
    });
    expect(said.map(({ content }) => content)).toEqual([...THOUGHTS, ANSWER]);
  });

  it("solves a task with chatCompletionStream", async () => {
    const said = await solve(async (request) => {
      const message: Said = { content: "", calls: [] };
      for await (const { choices } of client.chatCompletionStream(request)) {
        const delta = choices[0]?.delta;
        message.content += delta?.content ?? "";
        for (const { index, id, function: part } of delta?.tool_calls ?? []) {
          message.calls[index] ??= { id, name: part.name ?? "", arguments: "" };
          (message.calls[index] as Said["calls"][number]).arguments += part.arguments;
        }
      }
      return message;
    });
    expect(said.map(({ content }) => content)).toEqual([...THOUGHTS, ANSWER]);
  });
});
