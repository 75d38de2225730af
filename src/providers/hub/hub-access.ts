import { ProviderError } from "../../core/errors.js";
import { failedConnection, refusal, unusable } from "../http/http-errors.js";
import type { HttpTools } from "../http/json-request.js";
import { readText } from "../http/read-text.js";
import type { ProviderEnvironment } from "../provider-environment.js";

/** How the Hugging Face Hub is reached, and as whom. */
export interface HubAccess extends HttpTools {
  /** `https://huggingface.co`, or what HF_ENDPOINT says; without a slash at the end. */
  endpoint: string;
  token: string;
}

export const DEFAULT_ENDPOINT = "https://huggingface.co";

/** Throws bad_credentials where there is no token. */
export function hubAccess({ secret, env, fetch, sleep }: ProviderEnvironment): HubAccess {
  return { endpoint: hubEndpoint(env), token: requireToken(secret("HF_TOKEN")), fetch, sleep };
}

export function requireToken(token: string | null): string {
  if (token?.startsWith("hf_")) return token;
  throw new ProviderError("hub", token ? "HF_TOKEN is no Hugging Face token" : "HF_TOKEN is not set", {
    code: "bad_credentials",
    hint: "Make a token that may write at https://huggingface.co/settings/tokens and set HF_TOKEN.",
  });
}

export function hubEndpoint(env: ProviderEnvironment["env"]): string {
  return (env.HF_ENDPOINT || DEFAULT_ENDPOINT).replace(/\/+$/, "");
}

/** For the Hub's own client: what it would make errors with our token's addresses of is thrown as a ProviderError instead. */
export function strictFetch({ fetch, token }: HubAccess): typeof globalThis.fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const method = init?.method ?? "GET";
    // The query of an upload's address is its signature.
    const where = { provider: "hub", method, address: url.origin + url.pathname, secrets: [token] };
    const response = await fetch(input, init).catch((error: unknown) => {
      throw failedConnection(where, error);
    });
    if (response.ok) {
      // Read here, so that one that breaks off is told as such; they are all small.
      const body = await response.arrayBuffer().catch((error: unknown) => {
        throw unusable(where, error);
      });
      const { status, headers } = response;
      return new Response(body.byteLength === 0 ? null : body, { status, headers });
    }
    const answer = await readText(response, { maxBytes: 65_536, isCut: true }).catch(() => "");
    throw refusal(where, response, answer);
  };
}
