import { setTimeout } from "node:timers/promises";
import { InferenceClient } from "@huggingface/inference";
import { MllmError } from "../../core/errors.js";
import { explainBackendFailure, isWorthAnotherTry } from "./backend-failure.js";
import { type Endpoint, formatEndpoint } from "./endpoint.js";

export interface ChatMessage {
  role: "system" | "user" | "assistant";
  content: string;
}

export interface ChatQuestion {
  messages: ChatMessage[];
  temperature: number;
  seed: number;
  maxTokens: number;
  signal: AbortSignal;
}

/** Asks a chat model and returns its text. Throws `backend_failed`, or `interrupted` where the signal was aborted. */
export type AskChat = (question: ChatQuestion) => Promise<string>;

type ChatArguments = Parameters<InferenceClient["chatCompletion"]>[0];

interface ChatSettings {
  endpoint: Endpoint;
  token: string | null;
  maxTries?: number;
  /** Before the second try; doubles. */
  firstDelayMilliseconds?: number;
}

/** A model behind `/v1/chat/completions`. What may pass, as a server that is busy, is tried again. */
export function createAskChat({ endpoint, token, ...settings }: ChatSettings): AskChat {
  const { maxTries = 4, firstDelayMilliseconds = 500 } = settings;
  const name = formatEndpoint(endpoint);
  const client = new InferenceClient(
    token ?? "",
    endpoint.kind === "server" ? { endpointUrl: endpoint.url } : {},
  );
  const where = endpoint.kind === "hosted" ? { provider: endpoint.provider as "auto" } : {};
  return async ({ messages, temperature, seed, maxTokens, signal }) => {
    const request = { ...where, model: endpoint.model, messages, temperature, seed, max_tokens: maxTokens };
    for (let attempt = 1; ; attempt++) {
      try {
        const { choices } = await client.chatCompletion(request as ChatArguments, {
          signal,
          retry_on_error: false,
        });
        return choices[0]?.message.content ?? "";
      } catch (error) {
        if (signal.aborted) throw new MllmError("interrupted", `${name}: interrupted`, { cause: error });
        if (attempt >= maxTries || !isWorthAnotherTry(error)) throw explainBackendFailure(name, error);
      }
      const delay = firstDelayMilliseconds * 2 ** (attempt - 1);
      // An abort during the sleep is met by the next attempt, which fails at once.
      await setTimeout(delay, undefined, { signal }).catch(() => undefined);
    }
  };
}
