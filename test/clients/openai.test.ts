import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import OpenAI from "openai";
import { serveModel, type TestServer } from "./serve-model.js";
import { ANSWER, createWeatherModel, getTemperature, QUESTION, THOUGHTS, weatherTool } from "./weather.js";

type Message = OpenAI.ChatCompletionMessageParam;

let server: TestServer;
let client: OpenAI;

beforeAll(async () => {
  server = await serveModel(createWeatherModel());
  client = new OpenAI({ apiKey: "unused", baseURL: `${server.url}/v1`, maxRetries: 0 });
});
afterAll(() => server.stop({ drainSeconds: 1 }));

const request = (messages: Message[]) => ({ model: "weather", messages, tools: [weatherTool] });

function runCalls(message: OpenAI.ChatCompletionMessage): Message[] {
  const results = (message.tool_calls ?? []).map((call): Message => {
    if (call.type !== "function") throw new Error(call.type);
    const content = getTemperature(JSON.parse(call.function.arguments));
    return { role: "tool", tool_call_id: call.id, content };
  });
  return [message, ...results];
}

describe("the openai npm client", () => {
  it("solves a task of two calls", async () => {
    const messages: Message[] = [{ role: "user", content: QUESTION }];
    const thoughts = [];
    for (;;) {
      const { choices, usage } = await client.chat.completions.create(request(messages));
      const [choice] = choices;
      expect(usage?.total_tokens).toBe((usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0));
      if (choice?.finish_reason !== "tool_calls") {
        expect(choice).toMatchObject({ finish_reason: "stop", message: { content: ANSWER } });
        break;
      }
      thoughts.push(choice.message.content);
      messages.push(...runCalls(choice.message));
    }
    expect(thoughts).toEqual([...THOUGHTS]);
  });

  it("solves it from streams", async () => {
    const messages: Message[] = [{ role: "user", content: QUESTION }];
    for (;;) {
      const stream = client.chat.completions.stream({
        ...request(messages),
        stream_options: { include_usage: true },
      });
      const { choices, usage } = await stream.finalChatCompletion();
      expect(usage?.total_tokens).toBeGreaterThan(0);
      const [choice] = choices;
      if (choice?.finish_reason !== "tool_calls") {
        expect(choice?.message.content).toBe(ANSWER);
        break;
      }
      messages.push(...runCalls(choice.message));
    }
    expect(messages).toHaveLength(5);
  });

  it.each([false, true])("lets its tool runner solve it (streamed: %s)", async (isStreamed) => {
    const { function: definition } = weatherTool;
    const tools = [
      { type: "function" as const, function: { ...definition, parse: JSON.parse, function: getTemperature } },
    ];
    const body = { ...request([{ role: "user", content: QUESTION }]), tools };
    const runner = isStreamed
      ? client.chat.completions.runTools({ ...body, stream: true })
      : client.chat.completions.runTools(body);
    expect(await runner.finalContent()).toBe(ANSWER);
    expect(runner.messages.filter(({ role }) => role === "tool")).toHaveLength(2);
  });

  it("lists the agent as its one model", async () => {
    const { data } = await client.models.list();
    expect(data.map(({ id }) => id)).toEqual(["weather"]);
    expect(await client.models.retrieve("weather")).toMatchObject({ object: "model", owned_by: "mllm" });
    await expect(client.models.retrieve("gpt")).rejects.toMatchObject({
      status: 404,
      code: "model_not_found",
    });
  });

  it("shows the server's refusals", async () => {
    const refused = client.chat.completions.create({
      ...request([{ role: "user", content: QUESTION }]),
      n: 2,
    });
    await expect(refused).rejects.toMatchObject({ status: 400, param: "n", type: "invalid_request_error" });
  });
});
