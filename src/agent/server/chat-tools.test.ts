import { describe, expect, it } from "@jest/globals";
import { ask, question, readStream, request, useServers } from "../../../test/clients/ask-server.js";
import {
  ANSWER,
  createWeatherModel,
  getTemperature,
  threadProfile,
  weatherTool,
} from "../../../test/clients/weather.js";
import { createScriptedModel } from "../../../test/scripted-roles.js";
import { createScriptedToolBox, createTool } from "../../../test/scripted-tools.js";

const serve = useServers();

describe("tools of a request", () => {
  const both = [weatherTool, { type: "function", function: { name: "get_rain" } }];
  const model = () =>
    createScriptedModel(threadProfile, {
      planner: ["Hm. Next: summarizer."],
      caller: ["get_rain\n{}"],
      summarizer: ["No call."],
    });

  it("are not called with tool_choice none", async () => {
    const scripted = createScriptedModel(threadProfile, {
      planner: ["I call. Next: caller."],
      summarizer: ["No call."],
    });
    const { choices } = await ask(await serve(scripted), { ...request, tool_choice: "none" });
    expect(choices[0]).toMatchObject({ finish_reason: "stop", message: { content: "No call." } });
  });

  it("are called with tool_choice required", async () => {
    const { choices } = await ask(await serve(model()), { ...request, tools: both, tool_choice: "required" });
    expect(choices[0].message.tool_calls[0].function.name).toBe("get_rain");
  });

  it.each([
    ["one", { type: "function", function: { name: "get_rain" } }],
    [
      "allowed ones",
      {
        type: "allowed_tools",
        allowed_tools: { mode: "required", tools: [{ type: "function", function: { name: "get_rain" } }] },
      },
    ],
  ])("are narrowed by a tool_choice that names %s", async (_name, toolChoice) => {
    const scripted = model();
    const { choices } = await ask(await serve(scripted), {
      ...request,
      tools: both,
      tool_choice: toolChoice,
    });
    expect(choices[0].message.tool_calls[0].function.name).toBe("get_rain");
    expect(scripted.asked.planner[0]?.prompt).not.toContain("get_temperature");
  });

  it("may have names of 128 characters", async () => {
    const name = `mcp__weather__${"x".repeat(114)}`;
    const server = await serve(
      createScriptedModel(threadProfile, {
        planner: ["Go. Next: caller."],
        caller: ({ grammar }) => `${grammar?.tools[0]?.name}\n{}`,
      }),
    );
    const tools = [{ type: "function", function: { name } }];
    const { choices } = await ask(server, { ...request, tools });
    expect(choices[0].message.tool_calls[0].function.name).toBe(name);
  });

  it("may be functions of the old kind", async () => {
    const server = await serve(createWeatherModel());
    const { tools: _, ...rest } = request;
    const legacy = { ...rest, functions: [weatherTool.function] };
    const first = await ask(server, legacy);
    expect(first.choices[0]).toMatchObject({
      finish_reason: "function_call",
      message: { function_call: { name: "get_temperature", arguments: '{"city": "Oslo"}' } },
    });
    expect(first.choices[0].message).not.toHaveProperty("tool_calls");
    const result = { role: "function", name: "get_temperature", content: getTemperature({ city: "Oslo" }) };
    const messages = [question, first.choices[0].message, result];
    const chunks = await readStream(server, { ...legacy, messages });
    expect(chunks.map(({ choices: [{ delta }] }) => delta.function_call).filter(Boolean)).toEqual([
      { name: "get_temperature", arguments: "" },
      { arguments: '{"city": "Rome"}' },
    ]);
  });
});

describe("tools of the server", () => {
  const toolBox = () =>
    createScriptedToolBox([createTool("get_temperature")], (call) =>
      getTemperature(JSON.parse(call.arguments)),
    );

  it("run until there is an answer", async () => {
    const tools = toolBox();
    const server = await serve(createWeatherModel(), { toolBox: tools });
    const answer = await ask(server, { messages: [question], mllm: { trace: true } });
    expect(answer.choices[0]).toMatchObject({ finish_reason: "stop", message: { content: ANSWER } });
    expect(tools.called).toHaveLength(2);
    const types = answer.mllm.trace.map(({ type }: { type: string }) => type);
    expect(types.filter((type: string) => type === "observed")).toHaveLength(2);
    expect(answer.usage.mllm.planner.completions).toBe(3);
  });

  it("say nothing of what they do unless asked", async () => {
    const server = await serve(createWeatherModel(), { toolBox: toolBox() });
    expect((await ask(server, { messages: [question] })).mllm).toEqual({
      plan: "answer",
      thought: "I know both.",
    });
  });

  it("stand back behind the tools of a request", async () => {
    const tools = toolBox();
    const server = await serve(createWeatherModel(), { toolBox: tools });
    expect((await ask(server, request)).choices[0].finish_reason).toBe("tool_calls");
    expect(tools.called).toEqual([]);
  });

  it("end with length at a limit", async () => {
    const server = await serve(createWeatherModel(), {
      toolBox: toolBox(),
      agent: { limits: { maxTurns: 8, maxTokens: 4096, maxSeconds: 60, maxCalls: 1, maxNewTokens: 64 } },
    });
    expect(await ask(server, { messages: [question] })).toMatchObject({
      choices: [{ finish_reason: "length", message: { content: "the limit of calls is reached" } }],
      mllm: { plan: "give_up", reason: "the limit of calls is reached" },
    });
  });
});
