import { parsePythonLiteral } from "../../core/python-literal.js";
import type { Tool } from "../../core/trajectory.js";
import { splitActionText } from "./action-text.js";
import type { ChatMessage } from "./chat-steps.js";
import { readObservation } from "./observation.js";
import { readChat } from "./read-chat.js";
import {
  asId,
  isObject,
  type JsonObject,
  type ReadTrajectory,
  type RecordReader,
  rejected,
  type ToolllamaRows,
} from "./reader.js";
import { BROKEN_TOOLS, readTools } from "./tools.js";

/**
 * ToolBench's training file: `{id, conversations: [{from, value}]}`, one row a step, so that the rows of one
 * path are prefixes of each other. `complete`: rows that end in Finish are whole paths; the others are skipped,
 * because what they hold comes again in the whole path. `last-step`: every row, as context for its last step alone,
 * for files that do not have the whole paths.
 */
export function createToolllama(rows: ToolllamaRows): RecordReader {
  return {
    format: "toolllama",
    gives: {
      planner: "what to do next, thoughts where they were recorded, and giving up",
      caller: "every call",
      summarizer: "the answer that a path ends with",
    },
    lacks:
      rows === "complete"
        ? "Rows that do not end in Finish are parts of others and left out (--toolllama last-step uses each)."
        : "Of each row only the last step is trained.",
    detect,
    read(record) {
      const conversation = isObject(record) ? readConversation(record) : null;
      if (!isObject(record) || conversation === null)
        return rejected("not_toolllama", "expected an object with conversations");
      const first = conversation.findIndex((turn) => turn.from === "user");
      const instruction = readInstruction(conversation[first]);
      if (instruction === "") return rejected("no_instruction", "no user turn, or an empty one");
      if (rows === "complete" && !endsInFinish(conversation)) {
        return { kind: "skipped", reason: "part_of_a_path", detail: "the row does not end in Finish" };
      }
      const system = conversation.slice(0, first).map(textOf).join("\n");
      const tools = readTools(record.tools) ?? readSystemTools(system);
      if (tools === "broken") return rejected(...BROKEN_TOOLS);
      const messages = conversation.slice(first + 1).flatMap(readTurn);
      const read = readChat({
        instruction,
        tools,
        messages,
        textAlone: "thought",
        sourceId: asId(record.id),
      });
      return rows === "complete" ? read : onlyLastStep(read);
    },
  };
}

function detect(record: unknown): string | null {
  const conversation = isObject(record) ? readConversation(record) : null;
  if (conversation === null) return null;
  if (conversation.some((turn) => turn.from === "system" && textOf(turn).includes(TOOLS_OPENING))) {
    return "conversations whose system text lists APIs";
  }
  const isAction = (turn: JsonObject) =>
    turn.from === "assistant" && /(?:^|\n)(?:Thought|Action): ?/.test(textOf(turn));
  return conversation.some(isAction) ? "conversations with Thought: and Action:" : null;
}

function endsInFinish(conversation: JsonObject[]): boolean {
  const last = conversation.at(-1);
  return last?.from === "assistant" && splitActionText(textOf(last))?.name === "Finish";
}

function onlyLastStep(read: ReadTrajectory): ReadTrajectory {
  const { steps } = read.trajectory;
  const last = steps.findLastIndex((step) => step.kind !== "user");
  const marked = steps.map((step, index) =>
    step.kind === "user" || index === last ? step : { ...step, untrained: step.untrained ?? "earlier_step" },
  );
  return { ...read, trajectory: { ...read.trajectory, steps: marked } };
}

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
  const text = turn === undefined ? "" : textOf(turn).trim();
  return text.endsWith("Begin!") ? text.slice(0, -"Begin!".length).trim() : text;
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
