import { afterEach, describe, expect, it } from "@jest/globals";
import { z } from "zod";
import {
  type FakeJudge,
  type JudgeCall,
  type JudgeReply,
  startFakeJudge,
} from "../../../../test/vendor/fake-judge.js";
import { type ChatJudgeSettings, createChatJudge } from "./chat-judge.js";

let server: FakeJudge | null = null;

afterEach(async () => {
  expect(server?.violations ?? []).toEqual([]);
  await server?.close();
  server = null;
});

async function start(
  reply: (call: JudgeCall, index: number) => JudgeReply,
  settings: Partial<ChatJudgeSettings> = {},
) {
  server = await startFakeJudge(reply);
  const notes: string[] = [];
  const judge = createChatJudge({
    ...{ url: server.url, model: "judge", token: null, maxRetries: 0 },
    note: (text) => notes.push(text),
    ...settings,
  });
  return { judge, calls: server.calls, notes };
}

const SCHEMA = z.toJSONSchema(z.object({ reason: z.string(), status: z.enum(["solved", "unsolved"]) }));

const request = (signal = new AbortController().signal) => ({
  messages: [
    { role: "system" as const, content: "Judge." },
    { role: "user" as const, content: '{"task":"Rain?"}' },
  ],
  form: { name: "answer_status", schema: SCHEMA as Record<string, unknown> },
  ...{ temperature: 0.2, seed: 7, signal },
});

const failsWith = (message: RegExp, code = "backend_failed") =>
  expect.objectContaining({ code, message: expect.stringMatching(message) as unknown as string });

describe("createChatJudge", () => {
  it("asks for an object of the form, with seed and temperature, and returns the text", async () => {
    const { judge, calls } = await start(() => '{"status":"solved"}', { token: "key-123456" });
    expect(await judge.ask(request())).toBe('{"status":"solved"}');
    expect(calls).toEqual([
      {
        ...{ form: "answer_status", data: { task: "Rain?" }, model: "judge", seed: 7, temperature: 0.2 },
        authorization: "Bearer key-123456",
      },
    ]);
    expect(judge.name).toBe(`${server?.url}#judge`);
  });

  it("sends no key where there is none, and takes /v1 for the path where there is none", async () => {
    const { calls } = await start(() => "{}");
    const url = (server?.url ?? "").replace(/\/v1$/, "");
    expect(await createChatJudge({ url, model: "judge", token: null }).ask(request())).toBe("{}");
    expect(calls[0]?.authorization).toBeNull();
  });

  it("goes without what a server does not take, and says so once", async () => {
    const { judge, calls, notes } = await start(({ form, temperature }) => {
      if (form !== null)
        return { status: 400, message: "json_schema is not supported", param: "response_format" };
      if (temperature !== null) return { status: 400, message: "Unsupported value: 'temperature'" };
      return "{}";
    });
    expect(await Promise.all([judge.ask(request()), judge.ask(request())])).toEqual(["{}", "{}"]);
    expect(calls.at(-1)).toMatchObject({ form: null, temperature: null, seed: 7 });
    expect(notes).toEqual([
      "the judge's server takes no response_format: it is asked without",
      "the judge's server takes no temperature: it is asked without",
    ]);
  });

  it("returns no text where the reply was cut or held back", async () => {
    const replies: JudgeReply[] = [
      { text: '{"stat', finishReason: "length" },
      { text: null, finishReason: "content_filter" },
    ];
    const { judge } = await start((_, index) => replies[index] ?? "");
    expect([await judge.ask(request()), await judge.ask(request())]).toEqual([null, null]);
  });

  it("tries again what may pass, as long as the server asks for", async () => {
    const headers = { "retry-after-ms": "1" };
    const { judge, calls } = await start(
      (_, index) => (index < 2 ? { status: index === 0 ? 429 : 503, message: "busy", headers } : "{}"),
      { maxRetries: 2 },
    );
    expect(await judge.ask(request())).toBe("{}");
    expect(calls).toHaveLength(3);
  });

  it.each([
    [401, "Incorrect API key", /refused the key \(HTTP 401\)/],
    [404, "The model does not exist", /knows no such model.*does not exist/],
    [429, "You exceeded your quota", /takes no more requests.*quota/],
    [500, "it broke", /it broke/],
    [400, "maximum context length is 10 tokens", /maximum context length/],
  ])("is an error that can be acted on after HTTP %i", async (status, message, expected) => {
    const { judge } = await start(() => ({ status, message }));
    await expect(judge.ask(request())).rejects.toEqual(failsWith(expected));
  });

  it("says that nothing listens", async () => {
    const { judge } = await start(() => "{}");
    await server?.close();
    await expect(judge.ask(request())).rejects.toEqual(failsWith(/connection refused/));
  });

  it("ends with its user", async () => {
    const controller = new AbortController();
    const { judge } = await start(() => {
      controller.abort();
      return "{}";
    });
    await expect(judge.ask(request(controller.signal))).rejects.toEqual(
      failsWith(/interrupted/, "interrupted"),
    );
  });
});
