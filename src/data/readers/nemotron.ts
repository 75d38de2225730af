import { tryParseJson } from "../exact-json.js";
import { messagesOf, readMessages } from "./openai.js";
import { isObject, type JsonObject, type RecordReader, rejected } from "./reader.js";

/** Nemotron's post-training v1: OpenAI's messages, the tools inside the JSON text `metadata`. Its Agentic v1 is `openai`. */
export const nemotron: RecordReader = {
  format: "nemotron",
  gives: {
    planner: "what to do next; thoughts where <think> or a text stands before a call",
    caller: "every call",
    summarizer: "every text before the user's next message",
  },
  lacks: "Nobody gives up in these records.",
  detect: (record) =>
    isObject(record) &&
    record.tools === undefined &&
    toolsOf(record) !== undefined &&
    messagesOf(record) !== null
      ? "messages, and tools in metadata"
      : null,
  read(record) {
    const messages = isObject(record) ? messagesOf(record) : null;
    return isObject(record) && messages !== null
      ? readMessages({ ...record, tools: toolsOf(record), messages })
      : rejected("not_nemotron", "expected an object with messages and metadata");
  },
};

function toolsOf({ metadata }: JsonObject): unknown {
  const read = typeof metadata === "string" ? tryParseJson(metadata) : metadata;
  return isObject(read) ? read.tools : undefined;
}
