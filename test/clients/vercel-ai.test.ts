import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";
import { serveModel, type TestServer } from "./serve-model.js";
import {
  ANSWER,
  createWeatherModel,
  getTemperature,
  QUESTION,
  THOUGHTS,
  weatherParameters,
} from "./weather.js";

let server: TestServer;

beforeAll(async () => {
  server = await serveModel(createWeatherModel());
});
afterAll(() => server.stop({ drainSeconds: 1 }));

/** `ai` runs the tools itself, step after step. */
function task() {
  const provider = createOpenAICompatible({ name: "mllm", baseURL: `${server.url}/v1`, includeUsage: true });
  return {
    model: provider("weather"),
    prompt: QUESTION,
    maxRetries: 0,
    stopWhen: stepCountIs(5),
    tools: {
      get_temperature: tool({
        description: "Degrees Celsius in a city, now",
        inputSchema: jsonSchema<{ city: string }>(weatherParameters as never),
        execute: getTemperature,
      }),
    },
  };
}

describe("the Vercel AI SDK", () => {
  it("solves a task with generateText", async () => {
    const { text, steps, totalUsage } = await generateText(task());
    expect(text).toBe(ANSWER);
    expect(steps.map((step) => step.text)).toEqual([...THOUGHTS, ANSWER]);
    expect(totalUsage.totalTokens).toBeGreaterThan(0);
  });

  it("solves a task with streamText", async () => {
    const result = streamText(task());
    const pieces = [];
    for await (const piece of result.textStream) pieces.push(piece);
    expect(pieces.join("")).toBe([...THOUGHTS, ANSWER].join(""));
    expect(await result.text).toBe(ANSWER);
    expect((await result.steps).map((step) => step.finishReason)).toEqual([
      "tool-calls",
      "tool-calls",
      "stop",
    ]);
    expect((await result.totalUsage).totalTokens).toBeGreaterThan(0);
  });
});
