import type { Tool } from "../../core/trajectory.js";
import { splitTaggedCalls } from "./call-text.js";
import { type DialogueTurn, readDialogue, sayAssistant } from "./dialogue.js";
import { readReasoning } from "./openai.js";
import { asId, isObject, type RecordReader, rejected } from "./reader.js";
import { readResults } from "./result-text.js";
import { BROKEN_TOOLS, readTools } from "./tools.js";
import { type NamedTurn, TurnNames } from "./turn-names.js";

const names = new TurnNames();

/** Hermes's function calling, also as messages: calls in `<tool_call>`, results in `<tool_response>`, tools in the system text. */
export const hermes: RecordReader = {
  format: "hermes",
  gives: {
    planner: "what to do next; thoughts only where a text stands before a call",
    caller: "every call",
    summarizer: "every text before the user's next turn",
  },
  lacks: "Most of these records hold no thoughts, nobody gives up, and rows in JSON mode have no tools.",
  detect(record) {
    const turns = names.turns(record);
    if (turns === null || turns.some(({ recorded }) => Array.isArray(recorded.tool_calls))) return null;
    if (turns.some((turn) => turn.role === "gpt" && turn.text.includes("<tool_call>")))
      return "turns with <tool_call>";
    const system = systemOf(turns);
    if (toolsIn(system) !== null) return "a system text with <tools>";
    return isJsonMode(record, system) ? "a system text with <schema>" : null;
  },
  read(record) {
    const turns = names.turns(record);
    if (!isObject(record) || turns === null)
      return rejected("not_hermes", "expected an object with conversations");
    const system = systemOf(turns);
    if (isJsonMode(record, system)) {
      return { kind: "skipped", reason: "json_mode", detail: "answers by a JSON schema, without tools" };
    }
    const tools = readOffered(names.get(record, "tools"), toolsIn(system));
    if (tools === "broken") return rejected(...BROKEN_TOOLS);
    const read: DialogueTurn[] = [];
    for (const turn of turns) read.push(...readTurn(turn, read));
    return readDialogue({ turns: read, tools, sourceId: asId(record.id) });
  },
};

function systemOf(turns: NamedTurn[]): string {
  return turns.find(({ role }) => role === "system")?.text ?? "";
}

/** Where tools are offered, a schema is something that the task speaks of. */
function isJsonMode(record: unknown, system: string): boolean {
  if (!system.includes("<schema>") || toolsIn(system) !== null) return false;
  const tools = isObject(record) ? readTools(names.get(record, "tools")) : null;
  return tools === null || tools.length === 0;
}

/** The tags are also spoken of, empty, before the list. */
function toolsIn(system: string): string | null {
  const pieces = system.split("<tools>").slice(1);
  const texts = pieces.map((piece) => piece.split("</tools>", 1)[0]?.trim() ?? "");
  return texts.find((text) => /^[[{]/.test(text)) ?? null;
}

function readOffered(column: unknown, inSystem: string | null): Tool[] | null | "broken" {
  const own = readTools(column);
  return own === null || own.length === 0 ? (readTools(inSystem) ?? own) : own;
}

function readTurn({ role, text, recorded }: NamedTurn, before: DialogueTurn[]): DialogueTurn[] {
  if (role === "human") {
    // Qwen's template gives results as a message of the user.
    return text.trimStart().startsWith("<tool_response>")
      ? readResponses(text, before)
      : [{ role: "user", text }];
  }
  if (role === "system") return [{ role: "system", text: withoutToolText(text) }];
  if (role === "observation") return readResponses(text, before);
  if (role !== "gpt" && role !== "function_call") return [];
  return sayAssistant({ ...splitTaggedCalls(text), reasoning: readReasoning(recorded) });
}

/** How calls are to be written is no part of the task; Qwen's template has the task's own text before it. */
function withoutToolText(text: string): string {
  const heading = text.indexOf("# Tools");
  if (heading >= 0) return text.slice(0, heading).trim();
  return text.includes("<tools>") ? "" : text;
}

function readResponses(text: string, before: DialogueTurn[]): DialogueTurn[] {
  const inner = text.split("<tool_response>").slice(1);
  const texts =
    inner.length === 0 ? [text] : inner.map((piece) => piece.split("</tool_response>", 1)[0] ?? "");
  return texts.flatMap((each) => readResults(each.trim(), before));
}
