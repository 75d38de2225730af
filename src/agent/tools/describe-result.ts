import type { Observation } from "../tool-box.js";

/** What a model is told where something went wrong; training data words it the same way. */
export const failure = (message: string): Observation => ({ text: `error: ${message}`, isError: true });

/** A message for people, of anything that was thrown. */
export function messageOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  const message = "message" in error ? String(error.message) : "";
  const cause = "cause" in error ? error.cause : undefined;
  // `fetch failed` alone says nothing; its cause says why.
  if (message === "fetch failed" && cause !== undefined && cause !== null) return messageOf(cause);
  if (message !== "") return message;
  return "code" in error ? String(error.code) : "it failed without a reason";
}

/**
 * A value that a tool returned, in the words of training: `{error}` and ToolBench's `{error, response}` become
 * `error: …` and the response's text, anything else its JSON; a string stays as it is.
 */
export function describeValue(value: unknown): Observation {
  if (value === undefined || value === null) return { text: "", isError: false };
  if (typeof value === "string") return { text: value, isError: false };
  if (typeof value === "object" && "error" in value && isEnvelope(value)) {
    const error = textOf(value.error);
    const response = "response" in value ? textOf(value.response) : "";
    if (error === "") return { text: response, isError: false };
    return { text: response === "" ? `error: ${error}` : `error: ${error}\n${response}`, isError: true };
  }
  return { text: JSON.stringify(value) ?? String(value), isError: false };
}

/** Nothing but an error, and perhaps a response: other keys would be lost. */
function isEnvelope(value: object): boolean {
  const keys = Object.keys(value);
  if (keys.some((key) => key !== "error" && key !== "response")) return false;
  return keys.includes("response") || textOf((value as { error: unknown }).error) !== "";
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
