import { readCallOrFault } from "./call-text.js";
import type { ChatCall, ChatMessage } from "./chat-steps.js";
import { isTextParts, readContent } from "./content-text.js";
import { readObservation } from "./observation.js";
import { isObject } from "./reader.js";

/** ToolBench's messages after the task: system texts go, and so does the user turn that only repeats the task. */
export function readRawMessages(messages: unknown[], instruction: string): ChatMessage[] {
  const result: ChatMessage[] = [];
  let isTaskSeen = false;
  for (const message of messages) {
    if (!isObject(message)) continue;
    const text = readContent(message.content) ?? "";
    if (message.role === "user") {
      if (!isTaskSeen && result.length === 0 && text.includes(instruction.trim())) isTaskSeen = true;
      else result.push({ role: "user", text });
    } else if (message.role === "assistant") {
      result.push({ role: "assistant", text, calls: readCalls(message) });
    } else if (message.role === "function" || message.role === "tool") {
      const callId = typeof message.tool_call_id === "string" ? message.tool_call_id : null;
      result.push({ role: "result", text: readResult(message.content), callId });
    }
  }
  return result;
}

function readResult(content: unknown): string {
  return readObservation(isTextParts(content) ? readContent(content) : content);
}

/** A message's calls in the new form and the old: `tool_calls` and `function_call`. */
export function readCalls(message: Record<string, unknown>): ChatCall[] {
  const calls = Array.isArray(message.tool_calls) ? (message.tool_calls as unknown[]) : [];
  const read = calls.flatMap((call): ChatCall[] => {
    if (!isObject(call)) return [];
    const target = isObject(call.function) ? call.function : call;
    const id = typeof call.id === "string" ? call.id : null;
    return [{ id, name: asName(target.name), arguments: target.arguments }];
  });
  if (read.length === 0 && typeof message.function_call === "string" && message.function_call.trim() !== "") {
    return readCallOrFault(message.function_call);
  }
  if (read.length > 0 || !isObject(message.function_call)) return read;
  return [{ id: null, name: asName(message.function_call.name), arguments: message.function_call.arguments }];
}

function asName(name: unknown): string {
  return typeof name === "string" ? name.trim() : "";
}
