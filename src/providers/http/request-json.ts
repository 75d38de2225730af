import type { HttpTools, JsonRequest } from "./json-request.js";
import { readText } from "./read-text.js";
import { sendRequest } from "./send-request.js";

/**
 * Sends a request and parses the answer; null where it is empty. A GET is repeated a few times after failures that
 * may pass, with growing pauses and as Retry-After says; anything else is sent once. Throws ProviderError with the
 * vendor's own words: 429 is retryable; a timeout, a broken connection, half a body or a 5xx is ambiguous too, unless
 * it was a GET. A connection that was never made is retryable only.
 */
export async function requestJson(tools: HttpTools, request: JsonRequest): Promise<unknown> {
  return (await requestPage(tools, request)).body;
}

/** The same with the answer's headers, for lists that go on where a `Link` header says. */
export async function requestPage(
  tools: HttpTools,
  request: JsonRequest,
): Promise<{ body: unknown; headers: Headers }> {
  return sendRequest(tools, request, async (response) => {
    const text = await readText(response);
    return { body: text === "" ? null : parse(text), headers: response.headers };
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message repeats the text.
    throw new Error("is not the JSON that was expected");
  }
}
