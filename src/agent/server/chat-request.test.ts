import { describe, expect, it } from "@jest/globals";
import { callOf, question, request, resultOf, useServers } from "../../../test/clients/ask-server.js";
import { createWeatherModel, weatherTool } from "../../../test/clients/weather.js";

const serve = useServers();

describe("a request's other fields", () => {
  it("are accepted where nothing depends on them", async () => {
    const response = await (await serve(createWeatherModel())).chat({
      ...request,
      model: "weather",
      temperature: 0.2,
      top_p: 0.9,
      seed: 7,
      n: 1,
      stop: null,
      store: false,
      user: "u",
      metadata: { a: "b" },
      parallel_tool_calls: true,
      response_format: { type: "text" },
      service_tier: "auto",
      presence_penalty: 0,
      logprobs: false,
      reasoning_effort: "low",
      unheard_of: 1,
      tools: [{ ...weatherTool, function: { ...weatherTool.function, strict: true } }],
    });
    expect(response.status).toBe(200);
  });

  it.each([
    ["n", { n: 2 }],
    ["stop", { stop: ["\n"] }],
    ["logprobs", { logprobs: true }],
    ["response_format", { response_format: { type: "json_object" } }],
    ["modalities", { modalities: ["text", "audio"] }],
    ["tools[0].type", { tools: [{ type: "custom", custom: { name: "x" } }] }],
    ["tool_choice", { tools: [], tool_choice: "required" }],
    ["tool_choice", { tool_choice: { type: "function", function: { name: "none_such" } } }],
    ["tools[1].function.name", { tools: [weatherTool, weatherTool] }],
    ["temperature", { temperature: "hot" }],
    ["max_tokens", { max_tokens: 0 }],
    ["messages", { messages: [] }],
    ["messages", { messages: [{ role: "system", content: "Be brief." }] }],
    ["messages[0].role", { messages: [{ role: "robot", content: "?" }] }],
    ["messages[0].content", { messages: [{ role: "user", content: " " }] }],
    ["messages[0].content[0]", { messages: [{ role: "user", content: [{ type: "image_url" }] }] }],
    ["messages[1]", { messages: [question, resultOf("Oslo")] }],
    ["messages", { messages: [question, { role: "assistant", tool_calls: [callOf("Oslo")] }] }],
  ])("are refused by name: %s (%j)", async (param, fields) => {
    const response = await (await serve(createWeatherModel())).chat({ ...request, ...fields });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      error: { message: expect.any(String), type: "invalid_request_error", param, code: null },
    });
  });
});
