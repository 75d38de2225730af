import { describe, expect, it } from "@jest/globals";
import {
  ask,
  callOf,
  question,
  readStream,
  request,
  resultOf,
  useServers,
} from "../../../test/clients/ask-server.js";
import { ANSWER, createWeatherModel, threadProfile } from "../../../test/clients/weather.js";
import { createScriptedModel } from "../../../test/scripted-roles.js";

const serve = useServers();

describe("a chat completion", () => {
  it("is a call with the planner's thought beside it", async () => {
    const server = await serve(createWeatherModel());
    const answer = await ask(server, request);
    expect(answer).toEqual({
      id: expect.stringMatching(/^chatcmpl-/),
      object: "chat.completion",
      created: expect.any(Number),
      model: "weather",
      choices: [
        {
          index: 0,
          finish_reason: "tool_calls",
          logprobs: null,
          message: {
            role: "assistant",
            content: "I start with Oslo.",
            refusal: null,
            tool_calls: [
              {
                id: expect.stringMatching(/^call_[0-9a-f]{32}$/),
                type: "function",
                function: { name: "get_temperature", arguments: '{"city": "Oslo"}' },
              },
            ],
          },
        },
      ],
      usage: expect.objectContaining({ total_tokens: expect.any(Number) }),
      mllm: { plan: "call", thought: "I start with Oslo." },
    });
  });

  it("counts the tokens of all roles together, and of each", async () => {
    const { usage } = await ask(await serve(createWeatherModel()), request);
    const { planner, caller, summarizer } = usage.mllm;
    expect(planner.completions).toBe(1);
    expect(caller.completions).toBe(1);
    expect(summarizer).toEqual({ completions: 0, prompt_tokens: 0, completion_tokens: 0 });
    expect(usage.prompt_tokens).toBe(planner.prompt_tokens + caller.prompt_tokens);
    expect(usage.completion_tokens).toBe(planner.completion_tokens + caller.completion_tokens);
    expect(usage.total_tokens).toBe(usage.prompt_tokens + usage.completion_tokens);
  });

  it("streams a call: name first, then its arguments", async () => {
    const chunks = await readStream(await serve(createWeatherModel()), {
      ...request,
      stream_options: { include_usage: true },
    });
    const last = chunks.pop();
    expect(last).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } });
    for (const chunk of chunks) {
      expect(chunk).toMatchObject({
        id: last.id,
        object: "chat.completion.chunk",
        model: "weather",
        usage: null,
      });
    }
    const id = expect.stringMatching(/^call_/);
    expect(chunks.map(({ choices: [{ delta }] }) => delta)).toEqual([
      { role: "assistant", content: "" },
      { content: "I start with Oslo." },
      {
        tool_calls: [
          { index: 0, id, type: "function", function: { name: "get_temperature", arguments: "" } },
        ],
      },
      { tool_calls: [{ index: 0, function: { arguments: '{"city": "Oslo"}' } }] },
      {},
    ]);
    expect(chunks.map(({ choices: [choice] }) => choice.finish_reason)).toEqual([
      null,
      null,
      null,
      null,
      "tool_calls",
    ]);
  });

  it("streams an answer in the summarizer's pieces", async () => {
    const messages = [
      question,
      { role: "assistant", content: "I start with Oslo.", tool_calls: [callOf("Oslo")] },
      resultOf("Oslo"),
      { role: "assistant", content: "Now Rome.", tool_calls: [callOf("Rome")] },
      resultOf("Rome"),
    ];
    const chunks = await readStream(await serve(createWeatherModel()), { ...request, messages });
    const pieces = chunks.map(({ choices: [{ delta }] }) => delta.content ?? "");
    expect(pieces.join("")).toBe(ANSWER);
    expect(pieces.length).toBeGreaterThan(5);
    expect(chunks.at(-1)).toMatchObject({ choices: [{ finish_reason: "stop" }], mllm: { plan: "answer" } });
    expect(chunks.every((chunk) => !("usage" in chunk))).toBe(true);
  });

  it("says why where it gives up", async () => {
    const model = createScriptedModel(threadProfile, { planner: ["No tool can do that. Next: give up."] });
    expect(await ask(await serve(model), request)).toMatchObject({
      choices: [{ finish_reason: "stop", message: { content: "No tool can do that." } }],
      mllm: { plan: "give_up", reason: "No tool can do that." },
    });
  });

  it("ends with length where the answer was cut", async () => {
    const model = createScriptedModel(threadProfile, {
      planner: ["I know it. Next: summarizer."],
      summarizer: [{ text: "It is and", finishReason: "length" }],
    });
    const { choices } = await ask(await serve(model), { ...request, max_completion_tokens: 3 });
    expect(choices[0]).toMatchObject({ finish_reason: "length", message: { content: "It is and" } });
    expect(model.asked.summarizer[0]?.maxTokens).toBe(3);
  });

  it("answers where there are no tools, whatever the planner wants", async () => {
    const model = createScriptedModel(threadProfile, {
      planner: ["I would look it up. Next: caller."],
      summarizer: ["I cannot look it up."],
    });
    const { choices } = await ask(await serve(model), { messages: [question] });
    expect(choices[0].message.content).toBe("I cannot look it up.");
    expect(model.asked.summarizer[0]?.prompt).toContain("I would look it up. Next: summarizer.");
  });
});
