import { parseJson, writeJson } from "../exact-json.js";
import { isStackOverflow } from "../nested-too-deeply.js";
import type { ChatMessage } from "./chat-steps.js";
import { readCalls } from "./raw-messages.js";
import { readChat } from "./read-chat.js";
import { asId, isObject, type JsonObject, type Reader, rejected } from "./reader.js";
import { BROKEN_TOOLS, readTools } from "./tools.js";

/** OpenAI's fine-tuning lines, `messages` and `tools`; also the older `functions`, TRL's object arguments, and `traj` for messages. */
export const openai: Reader = {
  format: "openai",
  detect: (record) => isObject(record) && messagesOf(record) !== null,
  read(record) {
    const messages = isObject(record) ? messagesOf(record) : null;
    if (!isObject(record) || messages === null)
      return rejected("not_openai", "expected an object with messages");
    const first = messages.findIndex((message) => message.role === "user");
    if (first < 0) return rejected("no_instruction", "no message of role user");
    if (messages.slice(0, first).some((message) => message.role === "assistant")) {
      return rejected("starts_with_assistant", "an assistant message stands before the first user message");
    }
    const instruction = messages
      .slice(0, first + 1)
      .map(readText)
      .filter((text) => text !== "")
      .join("\n\n");
    if (instruction === "") return rejected("no_instruction", "the first user message is empty");
    const tools = readTools(record.tools ?? record.functions);
    if (tools === "broken") return rejected(...BROKEN_TOOLS);
    const chat = messages.slice(first + 1).flatMap(readMessage);
    return readChat({ instruction, tools, messages: chat, textAlone: "answer", sourceId: asId(record.id) });
  },
};

function messagesOf(record: JsonObject): JsonObject[] | null {
  const recorded = record.messages ?? record.traj;
  const messages: unknown = typeof recorded === "string" ? tryParse(recorded) : recorded;
  if (!Array.isArray(messages) || messages.length === 0) return null;
  const list = messages as unknown[];
  return list.every((message) => isObject(message) && typeof message.role === "string")
    ? (list as JsonObject[])
    : null;
}

function tryParse(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (isStackOverflow(error)) throw error;
    return null;
  }
}

function readMessage(message: JsonObject): ChatMessage[] {
  const text = readText(message);
  switch (message.role) {
    case "user":
    // An instruction in mid-dialogue is part of what the agent has to obey.
    case "system":
    case "developer":
      return [{ role: "user", text }];
    case "assistant": {
      const untrained = message.weight === 0 ? { untrained: "weight_zero" } : {};
      const calls = readCalls(message);
      const reasoning = readReasoning(message);
      if (calls.length > 0) {
        return [
          {
            role: "assistant",
            text: [reasoning, text].filter((part) => part !== "").join("\n"),
            calls,
            ...untrained,
          },
        ];
      }
      const answer: ChatMessage = { role: "assistant", text, calls, ...untrained };
      return reasoning === "" ? [answer] : [{ ...answer, text: reasoning }, answer];
    }
    case "tool":
    case "function":
      return [{ role: "result", text, callId: asId(message.tool_call_id) }];
    default:
      return [];
  }
}

function readReasoning(message: JsonObject): string {
  const reasoning = message.reasoning_content ?? message.thinking ?? message.reasoning;
  return typeof reasoning === "string" ? reasoning.trim() : "";
}

/** Content is a text, a list of parts, or absent. */
function readText(message: JsonObject): string {
  const { content, refusal } = message;
  if (typeof content === "string") return content.trim();
  if (Array.isArray(content)) {
    return (content as unknown[])
      .map((part) =>
        isObject(part) && typeof part.text === "string" ? part.text : typeof part === "string" ? part : "",
      )
      .join("")
      .trim();
  }
  if (isObject(content)) return writeJson(content);
  return typeof refusal === "string" ? refusal.trim() : "";
}
