import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { hasSharedSpecs, sharedSpecs } from "../shared-paths.js";
import { SchemaChecker } from "./schema-checker.js";

/** A request as the fake understood it. */
export interface JudgeCall {
  /** Of the form that was asked for: `answer_status`; null where none was. */
  form: string | null;
  /** The material, from the last message. */
  data: Record<string, unknown>;
  model: string;
  seed: number | null;
  temperature: number | null;
  authorization: string | null;
}

/** A text of the model; a text that was cut or filtered; or an error of the server. */
export type JudgeReply =
  | string
  | { text: string | null; finishReason: "length" | "content_filter" }
  | { status: number; message: string; param?: string; headers?: Record<string, string> };

export interface FakeJudge {
  /** `http://127.0.0.1:PORT/v1#judge`, as --judge takes it. */
  endpoint: string;
  /** `http://127.0.0.1:PORT/v1`. */
  url: string;
  calls: JudgeCall[];
  /** Requests and answers that break OpenAI's own specification, where that is here; requests without JSON. */
  violations: string[];
  close(): Promise<void>;
}

const SCHEMAS = "#/components/schemas";

/** `nullable` beside no type is an error for validators; the specification is full of it. */
const withoutNullable = (key: string, value: unknown) => (key === "nullable" ? undefined : value);

/**
 * A server of OpenAI's chat completions that judges as a test says. Every request and every answer is checked against
 * OpenAI's specification.
 */
export async function startFakeJudge(
  reply: (call: JudgeCall, index: number) => JudgeReply,
): Promise<FakeJudge> {
  const checker = hasSharedSpecs
    ? new SchemaChecker(JSON.parse(readFileSync(sharedSpecs("openai.openapi.json"), "utf8"), withoutNullable))
    : null;
  const calls: JudgeCall[] = [];
  const violations: string[] = [];
  const check = (schema: string, value: unknown) => {
    const problems = checker?.check(`${SCHEMAS}/${schema}`, value, false) ?? [];
    violations.push(...problems.map((problem) => `${schema}: ${problem}`));
  };
  const app = new Hono().post("/v1/chat/completions", async (context) => {
    const body = (await context.req.json()) as Body;
    check("CreateChatCompletionRequest", body);
    const call = toCall(body, context.req.header("authorization") ?? null);
    const said = reply(call, calls.push(call) - 1);
    if (typeof said === "object" && "status" in said) {
      const { status, message, param = null, headers = {} } = said;
      const error = { error: { message, type: "invalid_request_error", param, code: null } };
      check("ErrorResponse", error);
      return context.json(error, status as 400, headers);
    }
    const completion = toCompletion(body.model, typeof said === "string" ? { text: said } : said);
    check("CreateChatCompletionResponse", completion);
    return context.json(completion);
  });
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { endpoint: `${url}#judge`, url, calls, violations, close };
}

interface Body {
  model: string;
  messages: { role: string; content: string }[];
  seed?: number;
  temperature?: number;
  response_format?: { json_schema?: { name: string } };
}

function toCall(
  { model, messages, seed, temperature, response_format }: Body,
  authorization: string | null,
): JudgeCall {
  return {
    form: response_format?.json_schema?.name ?? null,
    data: JSON.parse(messages.at(-1)?.content ?? "{}") as Record<string, unknown>,
    ...{ model, seed: seed ?? null, temperature: temperature ?? null, authorization },
  };
}

function toCompletion(
  model: string,
  { text, finishReason = "stop" }: { text: string | null; finishReason?: string },
): object {
  const message = { role: "assistant", content: text, refusal: null };
  return {
    ...{ id: "chatcmpl-1", object: "chat.completion", created: 1_700_000_000, model },
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason }],
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  };
}
