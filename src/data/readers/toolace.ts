import { readPythonLiteral } from "../../core/python-literal.js";
import type { Tool } from "../../core/trajectory.js";
import { isStackOverflow } from "../nested-too-deeply.js";
import { readBracketCalls } from "./bracket-calls.js";
import { type DialogueTurn, readDialogue, sayAssistant } from "./dialogue.js";
import { asId, isObject, type JsonObject, type RecordReader, rejected } from "./reader.js";
import { readResults } from "./result-text.js";
import { BROKEN_TOOLS, readTools } from "./tools.js";
import { type NamedTurn, TurnNames } from "./turn-names.js";

const names = new TurnNames();

/** ToolACE: turns of user, assistant and tool, calls as `[Some API(key="value")]`, the tools as a list in the system text. */
export const toolace: RecordReader = {
  format: "toolace",
  gives: {
    planner: "what to do next, without thoughts",
    caller: "every call",
    summarizer: "every text before the user's next turn",
  },
  lacks: "These records hold no thoughts, and nobody gives up.",
  detect(record) {
    const turns = names.turns(record);
    if (!isObject(record) || turns === null) return null;
    if (/\[func\w*\(\w+=/.test(systemOf(record, turns)))
      return "a system text that asks for [function(name=value)]";
    const isCall = ({ role, text }: NamedTurn) => role === "gpt" && readBracketCalls(text, []) !== null;
    return turns.some(isCall) ? "turns with [function(name=value)]" : null;
  },
  read(record) {
    const turns = names.turns(record);
    if (!isObject(record) || turns === null)
      return rejected("not_toolace", "expected an object with conversations");
    const tools = readSystemTools(systemOf(record, turns));
    if (tools === "broken") return rejected(...BROKEN_TOOLS);
    const toolNames = tools?.map((tool) => tool.name) ?? [];
    const read: DialogueTurn[] = [];
    for (const { role, text } of turns) {
      if (role === "human") read.push({ role: "user", text });
      else if (role === "observation") read.push(...readResults(text, read));
      else if (role === "gpt") {
        const calls = readBracketCalls(text, toolNames) ?? [];
        read.push(...sayAssistant({ text: calls.length > 0 ? "" : text, calls }));
      }
    }
    return readDialogue({ turns: read, tools, sourceId: asId(record.id) });
  },
};

function systemOf({ system }: JsonObject, turns: NamedTurn[]): string {
  return typeof system === "string" ? system : (turns.find(({ role }) => role === "system")?.text ?? "");
}

/** The rest of the system text says how to write a call, which is no part of the task. */
function readSystemTools(system: string): Tool[] | null | "broken" {
  const start = system.search(/\[\s*\{/);
  if (start < 0) return null;
  try {
    return readTools(readPythonLiteral(system, start).value);
  } catch (error) {
    if (isStackOverflow(error)) throw error;
    return "broken";
  }
}
