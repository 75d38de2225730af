import type { IncomingMessage } from "node:http";
import { MllmError } from "../../core/errors.js";
import { ApiError, invalidRequest } from "./api-error.js";

const MAX_DEPTH = 128;

/**
 * The JSON of a request. Another content type is refused, so that no web page can send one unasked; so is what is
 * larger than it may be, whatever was announced.
 */
export async function readBody(incoming: IncomingMessage, maxBytes: number): Promise<unknown> {
  if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(incoming.headers["content-type"] ?? "")) {
    throw new ApiError(415, "the content type must be application/json", { code: "unsupported_media_type" });
  }
  const text = await readText(incoming, maxBytes);
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
export function isDeeper(value: unknown, levels: number): boolean {
  if (value === null || typeof value !== "object") return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

async function readText(incoming: IncomingMessage, maxBytes: number): Promise<string> {
  if (Number(incoming.headers["content-length"] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Buffer[] = [];
  let size = 0;
  await new Promise<void>((resolve, reject) => {
    incoming.on("data", (chunk: Buffer) => {
      size += chunk.length;
      // The rest is let through and forgotten, so that the client gets to read why.
      if (size > maxBytes) reject(tooLarge(maxBytes));
      else chunks.push(chunk);
    });
    incoming.once("end", resolve);
    const leave = () => reject(new MllmError("interrupted", "the client went away"));
    incoming.once("error", leave).once("close", leave);
  });
  return Buffer.concat(chunks).toString();
}

function tooLarge(maxBytes: number): ApiError {
  return new ApiError(413, `the body is larger than ${maxBytes} bytes`, { code: "body_too_large" });
}
