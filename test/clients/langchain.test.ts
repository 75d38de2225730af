import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  type AIMessage,
  type AIMessageChunk,
  type BaseMessage,
  HumanMessage,
  ToolMessage,
} from "@langchain/core/messages";
import { ChatOpenAI } from "@langchain/openai";
import { serveModel, type TestServer } from "./serve-model.js";
import { ANSWER, createWeatherModel, getTemperature, QUESTION, weatherTool } from "./weather.js";

let server: TestServer;

beforeAll(async () => {
  server = await serveModel(createWeatherModel());
});
afterAll(() => server.stop({ drainSeconds: 1 }));

function bindModel() {
  const model = new ChatOpenAI({
    model: "weather",
    apiKey: "unused",
    maxRetries: 0,
    configuration: { baseURL: `${server.url}/v1` },
  });
  return model.bindTools([weatherTool]);
}

/** Asks until no tool is called any more. */
async function solve(ask: (messages: BaseMessage[]) => Promise<AIMessage | AIMessageChunk>) {
  const messages: BaseMessage[] = [new HumanMessage(QUESTION)];
  for (;;) {
    const message = await ask(messages);
    messages.push(message);
    if ((message.tool_calls ?? []).length === 0) return messages;
    for (const { id = "", args } of message.tool_calls ?? []) {
      messages.push(new ToolMessage({ tool_call_id: id, content: getTemperature(args as { city: string }) }));
    }
  }
}

describe("LangChain", () => {
  it("solves a task with invoke", async () => {
    const model = bindModel();
    const messages = await solve((history) => model.invoke(history));
    expect(messages.at(-1)?.content).toBe(ANSWER);
    expect(messages).toHaveLength(6);
  });

  it("solves a task with stream", async () => {
    const model = bindModel();
    const messages = await solve(async (history) => {
      let whole: AIMessageChunk | undefined;
      for await (const chunk of await model.stream(history)) whole = whole?.concat(chunk) ?? chunk;
      if (whole === undefined) throw new Error("an empty stream");
      return whole;
    });
    expect(messages.at(-1)?.content).toBe(ANSWER);
    expect(messages).toHaveLength(6);
  });
});
