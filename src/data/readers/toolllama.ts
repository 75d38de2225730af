import type { Tool } from "../../core/trajectory.js";
import { parsePythonLiteral } from "../parse-python-literal.js";
import { splitActionText } from "./action-text.js";
import type { ChatMessage } from "./chat-steps.js";
import { readObservation } from "./observation.js";
import { readChat } from "./read-chat.js";
import { asId, isObject, type JsonObject, type Reader, rejected } from "./reader.js";
import { BROKEN_TOOLS, readTools } from "./tools.js";

/**
 * ToolBench's training file: `{id, conversations: [{from, value}]}`, one row a step, so that the rows of one
 * path are prefixes of each other. Only rows that end in Finish are whole paths; the others are skipped, because
 * what they hold comes again in the whole path.
 */
export const toolllama: Reader = {
  format: "toolllama",
  detect: (record) =>
    isObject(record) && readConversation(record)?.some((turn) => turn.from === "assistant") === true,
  read(record) {
    const conversation = isObject(record) ? readConversation(record) : null;
    if (!isObject(record) || conversation === null)
      return rejected("not_toolllama", "expected an object with conversations");
    const first = conversation.findIndex((turn) => turn.from === "user");
    const instruction = readInstruction(conversation[first]);
    if (instruction === "") return rejected("no_instruction", "no user turn, or an empty one");
    const last = conversation.at(-1);
    if (last?.from !== "assistant" || splitActionText(textOf(last))?.name !== "Finish") {
      return { kind: "skipped", reason: "part_of_a_path", detail: "the row does not end in Finish" };
    }
    const system = conversation.slice(0, first).map(textOf).join("\n");
    const tools = readTools(record.tools) ?? readSystemTools(system);
    if (tools === "broken") return rejected(...BROKEN_TOOLS);
    const messages = conversation.slice(first + 1).flatMap(readTurn);
    return readChat({ instruction, tools, messages, textAlone: "thought", sourceId: asId(record.id) });
  },
};

/** Rows as JSON have a list of turns; through some Parquet loaders they come as two columns. */
function readConversation(record: JsonObject): JsonObject[] | null {
  const { conversations } = record;
  if (Array.isArray(conversations)) return (conversations as unknown[]).filter(isObject);
  if (!isObject(conversations) || !Array.isArray(conversations.from) || !Array.isArray(conversations.value))
    return null;
  const values = conversations.value as unknown[];
  return (conversations.from as unknown[]).map((from, index) => ({ from, value: values[index] }));
}

function readInstruction(turn: JsonObject | undefined): string {
  return turn === undefined
    ? ""
    : textOf(turn)
        .replace(/\s*Begin!\s*$/, "")
        .trim();
}

const TOOLS_OPENING = "you have access to the following APIs: ";

function readSystemTools(system: string): Tool[] | null | "broken" {
  const start = system.lastIndexOf(TOOLS_OPENING);
  if (start < 0) return null;
  try {
    return readTools(parsePythonLiteral(system.slice(start + TOOLS_OPENING.length))) ?? "broken";
  } catch {
    return "broken";
  }
}

function readTurn(turn: JsonObject): ChatMessage[] {
  const text = textOf(turn);
  if (turn.from === "user") return [{ role: "user", text }];
  if (turn.from === "function") return [{ role: "result", text: readObservation(turn.value), callId: null }];
  if (turn.from !== "assistant") return [];
  const action = splitActionText(text);
  const calls = action === null ? [] : [{ id: null, name: action.name, arguments: action.arguments }];
  return [{ role: "assistant", text: withoutLabel(action?.before ?? text), calls }];
}

/** Two texts of one step come as two labelled lines. */
function withoutLabel(text: string): string {
  return text.replace(/(^|\n)Thought:[ \t]*/g, "$1").trim();
}

function textOf(turn: JsonObject): string {
  return typeof turn.value === "string" ? turn.value : "";
}
