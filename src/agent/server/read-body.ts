import { ApiError, invalidRequest } from "./api-error.js";

const MAX_DEPTH = 128;

/** The JSON of a request. Another content type is refused, so that no web page can send one unasked. */
export function readBody(contentType: string | undefined, text: string): unknown {
  if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(contentType ?? "")) {
    throw new ApiError(415, "the content type must be application/json", { code: "unsupported_media_type" });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidRequest("the body is not JSON");
  }
  if (isDeeper(value, MAX_DEPTH)) throw invalidRequest(`the body is nested deeper than ${MAX_DEPTH} levels`);
  return value;
}

/** What walks a value by recursion must not run out of stack. */
function isDeeper(value: unknown, levels: number): boolean {
  if (value === null || typeof value !== "object") return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}
