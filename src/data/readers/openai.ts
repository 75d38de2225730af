import { tryParseJson } from "../exact-json.js";
import { readContent } from "./content-text.js";
import { type DialogueTurn, readDialogue, sayAssistant } from "./dialogue.js";
import { readCalls } from "./raw-messages.js";
import { asId, isObject, type JsonObject, type ReadResult, type RecordReader, rejected } from "./reader.js";
import { BROKEN_TOOLS, readTools } from "./tools.js";

/** OpenAI's fine-tuning lines, `messages` and `tools`; also the older `functions`, TRL's object arguments, and `traj` for messages. */
export const openai: RecordReader = {
  format: "openai",
  gives: {
    planner: "what to do next; thoughts where a text or reasoning stands beside a call",
    caller: "every call",
    summarizer: "every text before the user's next message",
  },
  lacks: "Nobody gives up in these records.",
  detect: (record) => (isObject(record) && messagesOf(record) !== null ? "messages with roles" : null),
  read(record) {
    const messages = isObject(record) ? messagesOf(record) : null;
    return isObject(record) && messages !== null
      ? readMessages({ ...record, messages })
      : rejected("not_openai", "expected an object with messages");
  },
};

/** A record whose `messages` are a list of objects with roles. */
export function readMessages(record: JsonObject & { messages: JsonObject[] }): ReadResult {
  const tools = readTools(record.tools ?? record.functions);
  if (tools === "broken") return rejected(...BROKEN_TOOLS);
  const turns = record.messages.flatMap(readMessage);
  return readDialogue({ turns, tools, sourceId: asId(record.id) ?? asId(record.uuid) });
}

/** The messages of a record, which may be a JSON text; null where it has none. */
export function messagesOf(record: JsonObject): JsonObject[] | null {
  const recorded = record.messages ?? record.traj;
  const messages: unknown = typeof recorded === "string" ? tryParseJson(recorded) : recorded;
  if (!Array.isArray(messages) || messages.length === 0) return null;
  const list = messages as unknown[];
  return list.every((message) => isObject(message) && typeof message.role === "string")
    ? (list as JsonObject[])
    : null;
}

function readMessage(message: JsonObject): DialogueTurn[] {
  const text = readText(message);
  switch (message.role) {
    case "user":
      return [{ role: "user", text }];
    case "system":
    case "developer":
      return [{ role: "system", text }];
    case "assistant": {
      const untrained = message.weight === 0 ? "weight_zero" : undefined;
      return sayAssistant({ text, calls: readCalls(message), reasoning: readReasoning(message), untrained });
    }
    case "tool":
    case "function":
      return [{ role: "result", text, callId: asId(message.tool_call_id) }];
    default:
      return [];
  }
}

/** What stands beside an assistant's text, under the names that servers give it. */
export function readReasoning(message: JsonObject): string {
  const reasoning = message.reasoning_content ?? message.thinking ?? message.reasoning;
  return typeof reasoning === "string" ? reasoning.trim() : "";
}

function readText({ content, refusal }: JsonObject): string {
  return (readContent(content) ?? (typeof refusal === "string" ? refusal : "")).trim();
}
