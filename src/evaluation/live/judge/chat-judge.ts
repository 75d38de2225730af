import OpenAI, { APIError } from "openai";
import { MllmError } from "../../../core/errors.js";
import { explainJudgeFailure } from "./explain-judge-failure.js";
import type { JudgeModel, JudgeRequest } from "./judge-model.js";

export interface ChatJudgeSettings {
  /** Of the API, `https://api.openai.com/v1`; without a path, `/v1` is meant. */
  url: string;
  model: string;
  token: string | null;
  /** What the server turned out not to take, in words. */
  note?(text: string): void;
  /** Of a request that failed in a way that may pass: too many at once, a server error, a broken connection. */
  maxRetries?: number;
  timeoutSeconds?: number;
}

const MAX_RETRIES = 5;
/** Models that think before they answer take their time. */
const TIMEOUT_SECONDS = 300;

/** A judge behind an OpenAI-compatible chat endpoint, spoken to with OpenAI's own client. */
export function createChatJudge(settings: ChatJudgeSettings): JudgeModel {
  const client = createClient(settings);
  const name = `${client.baseURL}#${settings.model}`;
  const untaken = new Set<Optional>();
  const ask = async (request: JudgeRequest): Promise<string | null> => {
    const sent = OPTIONAL.filter((field) => !untaken.has(field));
    const { signal } = request;
    try {
      return readText(
        await client.chat.completions.create(toBody(request, settings.model, sent), { signal }),
      );
    } catch (error) {
      if (signal.aborted) throw new MllmError("interrupted", `judge ${name}: interrupted`, { cause: error });
      const field = findRefused(error, sent);
      if (field === null) throw explainJudgeFailure(`judge ${name}`, error);
      if (!untaken.has(field)) settings.note?.(`the judge's server takes no ${field}: it is asked without`);
      untaken.add(field);
      return await ask(request);
    }
  };
  return { name, ask };
}

function createClient({ url, token, ...settings }: ChatJudgeSettings): OpenAI {
  const address = new URL(url);
  if (address.pathname === "/") address.pathname = "/v1";
  return new OpenAI({
    baseURL: address.href.replace(/\/+$/, ""),
    // The client asks for a key where there is none; without one, none is sent.
    apiKey: token ?? "none",
    ...(token === null && { defaultHeaders: { Authorization: null } }),
    // Else taken from the environment, where they are meant for OpenAI's servers.
    ...{ adminAPIKey: null, organization: null, project: null, webhookSecret: null },
    maxRetries: settings.maxRetries ?? MAX_RETRIES,
    timeout: (settings.timeoutSeconds ?? TIMEOUT_SECONDS) * 1000,
    logLevel: "off",
  });
}

/** What not every server, or not every model, takes. */
const OPTIONAL = ["response_format", "temperature", "seed"] as const;
type Optional = (typeof OPTIONAL)[number];

function toBody(
  { messages, form, temperature, seed }: JudgeRequest,
  model: string,
  sent: readonly Optional[],
): OpenAI.ChatCompletionCreateParamsNonStreaming {
  const { $schema: _, ...schema } = form.schema;
  const optional = {
    response_format: {
      type: "json_schema" as const,
      json_schema: { name: form.name, strict: true, schema },
    },
    temperature,
    seed,
  };
  const taken = Object.fromEntries(sent.map((field) => [field, optional[field]]));
  return { model, messages: messages.map((message) => ({ ...message })), ...taken };
}

/** Null where it refused, or its text is cut. Throws where this is no chat completion. */
function readText(completion: OpenAI.ChatCompletion): string | null {
  const choice = completion?.choices?.[0];
  if (choice?.message === undefined) {
    throw new MllmError("backend_failed", "the judge's answer is no chat completion", {
      hint: "Check that the address is that of an OpenAI-compatible server: --judge https://HOST/v1#MODEL.",
    });
  }
  return choice.finish_reason === "length" ? null : (choice.message.content ?? null);
}

/** The field that a server says it does not take. */
function findRefused(error: unknown, sent: readonly Optional[]): Optional | null {
  if (!(error instanceof APIError) || (error.status !== 400 && error.status !== 422)) return null;
  const words = `${error.param ?? ""} ${error.message}`.toLowerCase();
  return (
    sent.find((field) => words.includes(field) || (field === "response_format" && FORM.test(words))) ?? null
  );
}

const FORM = /json_schema|json schema|structured output/;
