import { parseExactJson, writeJson } from "../exact-json.js";
import { isStackOverflow } from "../nested-too-deeply.js";
import type { ChatMessage } from "./chat-steps.js";
import { isObject, type JsonObject } from "./reader.js";

type Result = Extract<ChatMessage, { role: "result" }>;

/**
 * What tools gave back. Some formats name the tool beside each result, `{"name", "content"}`, and give those of
 * parallel calls in one list; what stands there otherwise is one result as it is. `messages` are those before it.
 */
export function readResults(text: string, messages: readonly { role: string }[]): Result[] {
  const names = namesOfCalls(messages as readonly ChatMessage[]);
  const value = parse(text);
  if (isObject(value) && isNamed(value, names)) return [toResult(value)];
  if (!Array.isArray(value)) return [{ role: "result", text, callId: null }];
  const list = value as unknown[];
  if (list.length > 0 && list.every((each) => isObject(each) && isNamed(each, names))) {
    return (list as JsonObject[]).map(toResult);
  }
  if (names.length > 1 && list.length === names.length) {
    return list.map((each) => ({ role: "result", text: toText(each), callId: null }));
  }
  return [{ role: "result", text, callId: null }];
}

/** The calls that stand right before, of adjacent messages. */
function namesOfCalls(messages: readonly ChatMessage[]): string[] {
  let at = messages.length - 1;
  while (messages[at]?.role === "result") at -= 1;
  const names: string[] = [];
  for (; at >= 0; at -= 1) {
    const message = messages[at];
    if (message?.role !== "assistant" || message.calls.length === 0) break;
    names.unshift(...message.calls.map((call) => call.name));
  }
  return names;
}

const CONTENT = ["content", "results", "result", "response", "output"];
const ASIDE = new Set(["name", "tool_call_id", "id", "role", "type"]);

/** A result beside the name of the tool it is of; not one that has a name of its own. */
function isNamed(value: JsonObject, names: readonly string[]): boolean {
  const others = Object.keys(value).filter((key) => !ASIDE.has(key));
  return (
    typeof value.name === "string" &&
    names.includes(value.name) &&
    others.length === 1 &&
    CONTENT.includes(others[0] ?? "")
  );
}

function toResult(value: JsonObject): Result {
  const key = CONTENT.find((each) => Object.hasOwn(value, each)) ?? "";
  return { role: "result", text: toText(value[key]), callId: value.name as string };
}

function toText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : writeJson(value);
}

function parse(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    return parseExactJson(text);
  } catch (error) {
    if (isStackOverflow(error)) throw error;
    return null;
  }
}
