import { setTimeout } from "node:timers/promises";
import { InferenceClient } from "@huggingface/inference";
import { MllmError } from "../../core/errors.js";
import type { Completion, CompletionRequest, RoleBackend } from "../role-model.js";
import { explainBackendFailure, isWorthAnotherTry } from "./backend-failure.js";
import { toGbnf } from "./call-grammar.js";
import { CompletionReader } from "./completion-reader.js";
import { type Endpoint, formatEndpoint } from "./endpoint.js";
import { grammarFields, modelFields } from "./engines.js";
import { Patience } from "./patience.js";

export interface CompletionsBackendSettings {
  endpoint: Endpoint;
  /** For people: `caller`. */
  role: string;
  token: string | null;
  fetch?: typeof fetch;
  sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** How long a server may say nothing; loading a model can take it a while. */
  silenceSeconds?: number;
  /** Of a request that nothing has answered yet. */
  maxTries?: number;
}

const SILENCE_SECONDS = 120;
const MAX_TRIES = 6;
const FIRST_DELAY_MILLISECONDS = 250;

/**
 * A model behind `/v1/completions`, spoken to with @huggingface/inference. Its streaming form is used throughout:
 * the other one returns neither finish reason nor usage.
 */
export function createCompletionsBackend(settings: CompletionsBackendSettings): RoleBackend {
  const backend: RoleBackend = {
    name: `${settings.role} at ${formatEndpoint(settings.endpoint)}`,
    stream: (request) => streamWithRetries(settings, backend.name, request),
    complete: async (request) => {
      const pieces = backend.stream(request);
      while (true) {
        const { done, value } = await pieces.next();
        if (done) return value;
      }
    },
  };
  return backend;
}

async function* streamWithRetries(
  settings: CompletionsBackendSettings,
  name: string,
  request: CompletionRequest,
): AsyncGenerator<string, Completion> {
  const { maxTries = MAX_TRIES, sleep = sleepUntil } = settings;
  for (let attempt = 1; ; attempt++) {
    const reader = new CompletionReader(request);
    const patience = new Patience(request.signal, (settings.silenceSeconds ?? SILENCE_SECONDS) * 1000);
    try {
      return yield* readStream(settings, { request, reader, patience });
    } catch (error) {
      if (request.signal.aborted)
        throw new MllmError("interrupted", `${name}: interrupted`, { cause: error });
      if (patience.isExhausted) throw hasHung(name, settings.silenceSeconds ?? SILENCE_SECONDS);
      if (reader.hasStarted || attempt >= maxTries || !isWorthAnotherTry(error)) {
        throw explainBackendFailure(name, error);
      }
    } finally {
      patience.end();
    }
    // An abort during the sleep is met by the next attempt, which does not begin.
    await sleep(FIRST_DELAY_MILLISECONDS * 2 ** (attempt - 1), request.signal).catch(() => undefined);
  }
}

interface Reading {
  request: CompletionRequest;
  reader: CompletionReader;
  patience: Patience;
}

async function* readStream(
  settings: CompletionsBackendSettings,
  { request, reader, patience }: Reading,
): AsyncGenerator<string, Completion> {
  patience.signal.throwIfAborted();
  for await (const chunk of openStream(settings, request, patience.signal)) {
    // However long the user takes with a piece, the server is not to blame.
    patience.pause();
    const piece = reader.read(chunk);
    if (piece === null) break;
    if (piece !== "") yield piece;
    // Nothing more for a user who has gone, also of what has come already.
    request.signal.throwIfAborted();
    patience.renew();
  }
  const { rest, completion } = reader.finish();
  if (rest !== "") yield rest;
  return completion;
}

function openStream(
  { endpoint, token, ...settings }: CompletionsBackendSettings,
  request: CompletionRequest,
  signal: AbortSignal,
): AsyncIterable<unknown> {
  const isServer = endpoint.kind === "server";
  const client = new InferenceClient(token ?? "", isServer ? { endpointUrl: endpoint.url } : {});
  const engine = isServer ? endpoint.engine : "openai";
  const parameters = {
    max_new_tokens: request.maxTokens,
    temperature: request.temperature,
    seed: request.seed,
    stop: [...request.stop],
    stream_options: { include_usage: true },
    ...(request.grammar === null ? {} : grammarFields(engine, toGbnf(request.grammar))),
    // Among the parameters, because the package refuses models whose name looks like a path.
    ...(isServer ? modelFields(engine, endpoint.model) : {}),
  };
  const where = isServer ? {} : { provider: endpoint.provider as "auto", model: endpoint.model };
  const fetchOption = settings.fetch === undefined ? {} : { fetch: settings.fetch };
  return client.textGenerationStream(
    // Typed as Text Generation Inference had it; what is not known to the package goes through as it is.
    { ...where, inputs: request.prompt, parameters: parameters as Record<string, unknown> },
    { ...fetchOption, signal, retry_on_error: false },
  );
}

function hasHung(name: string, seconds: number): MllmError {
  return new MllmError("backend_failed", `${name}: said nothing for ${seconds} s`, {
    hint: "Look whether the server is overloaded or still loading; restart it if it hangs.",
  });
}

async function sleepUntil(milliseconds: number, signal: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal });
}
