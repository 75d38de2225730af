import { writeJson, writeMember } from "../exact-json.js";
import { isObject } from "./reader.js";

/** The text of a ToolBench result, `{"error", "response"}` as JSON text or as an object, often cut in the middle. */
export function readObservation(content: unknown): string {
  if (content === null || content === undefined) return "";
  if (typeof content !== "string") return isObject(content) ? fromObject(content) : writeJson(content);
  let parsed: unknown;
  try {
    parsed = JSON.parse(content);
  } catch {
    return fromCutText(content);
  }
  return isObject(parsed) ? fromObject(parsed, content) : content;
}

function fromObject(result: Record<string, unknown>, whole = writeJson(result)): string {
  if (!("response" in result)) return whole;
  const response = textOf(result, "response", whole);
  const error = textOf(result, "error", whole);
  if (error === "") return response;
  return response === "" ? `error: ${error}` : `error: ${error}\n${response}`;
}

function textOf(result: Record<string, unknown>, key: string, whole: string): string {
  const value = result[key];
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : writeMember(whole, key);
}

const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };

/** A result cut after so many characters is no JSON any more; its response is a string without an end. */
function fromCutText(text: string): string {
  const opening = /^\{\s*"error":\s*"",\s*"response":\s*"/.exec(text);
  if (opening === null) return text;
  return text
    .slice(opening[0].length)
    .replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (_, hex?: string, letter = "") =>
      hex === undefined ? (ESCAPES[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16)),
    );
}
