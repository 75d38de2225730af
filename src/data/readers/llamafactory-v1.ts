import { writeJson } from "../exact-json.js";
import { readCallOrFault } from "./call-text.js";
import { type DialogueTurn, readDialogue, sayAssistant } from "./dialogue.js";
import { messagesOf } from "./openai.js";
import { asId, isObject, type JsonObject, type RecordReader, rejected } from "./reader.js";
import { readResults } from "./result-text.js";
import { BROKEN_TOOLS, readTools } from "./tools.js";

/** LLaMA-Factory's v1: messages whose content is a list of parts, `{type: text | reasoning | tool_call, value}`. */
export const llamafactoryV1: RecordReader = {
  format: "llamafactory-v1",
  gives: {
    planner: "what to do next, with the reasoning as thoughts",
    caller: "every call",
    summarizer: "every text before the user's next message",
  },
  lacks: "Nobody gives up in these records.",
  detect: (record) =>
    messagesWithParts(record)?.some((message) => partsOf(message).length > 0) === true
      ? "messages whose content is parts of type and value"
      : null,
  read(record) {
    const messages = messagesWithParts(record);
    if (!isObject(record) || messages === null) {
      return rejected("not_llamafactory_v1", "expected messages whose content is parts of type and value");
    }
    const tools = readTools(record.tools);
    if (tools === "broken") return rejected(...BROKEN_TOOLS);
    const turns: DialogueTurn[] = [];
    for (const message of messages) turns.push(...readMessage(message, turns));
    return readDialogue({ turns, tools, sourceId: asId(record.id) });
  },
};

function messagesWithParts(record: unknown): JsonObject[] | null {
  const messages = isObject(record) ? messagesOf(record) : null;
  return messages?.every(({ content }) => Array.isArray(content)) === true ? messages : null;
}

function partsOf({ content }: JsonObject): JsonObject[] {
  return (content as unknown[]).filter(
    (part): part is JsonObject => isObject(part) && typeof part.type === "string" && "value" in part,
  );
}

function readMessage(message: JsonObject, before: DialogueTurn[]): DialogueTurn[] {
  const parts = partsOf(message);
  const textsOf = (type: string): string[] =>
    parts.filter((part) => part.type === type).map(({ value }) => toText(value));
  const text = textsOf("text").join("").trim();
  switch (message.role) {
    case "user":
    case "system":
      return [{ role: message.role, text }];
    case "tool":
      return readResults(text, before);
    case "assistant": {
      const calls = textsOf("tool_call").flatMap(readCallOrFault);
      const untrained = message.loss_weight === 0 ? "weight_zero" : undefined;
      return sayAssistant({ text, calls, reasoning: textsOf("reasoning").join("\n"), untrained });
    }
    default:
      return [];
  }
}

function toText(value: unknown): string {
  return typeof value === "string" ? value : writeJson(value ?? null);
}
