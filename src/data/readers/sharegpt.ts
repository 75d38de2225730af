import { readCallOrFault, readCallText, splitTaggedCalls } from "./call-text.js";
import type { ChatCall } from "./chat-steps.js";
import { type DialogueTurn, readDialogue, sayAssistant, splitThinking } from "./dialogue.js";
import { asId, isObject, type RecordReader, rejected } from "./reader.js";
import { readResults } from "./result-text.js";
import { BROKEN_TOOLS, readTools } from "./tools.js";
import { type NamedTurn, TurnNames } from "./turn-names.js";

type Names = Readonly<Record<string, readonly string[]>>;

/**
 * ShareGPT as LLaMA-Factory and APIGen-MT have it: `conversations` of human, gpt, function_call and observation,
 * `tools` as JSON text, `system` beside. `given` are other names of keys and roles.
 */
export function createShareGpt(given: Names): RecordReader {
  const names = new TurnNames(given);
  return {
    format: "sharegpt",
    gives: {
      planner: "what to do next; thoughts only where <think> or a text stands before a call",
      caller: "every call",
      summarizer: "every text before the user's next turn",
    },
    lacks: "Most of these records hold no thoughts, and nobody gives up.",
    detect: (record) => detect(names.turns(record), Object.keys(given).length > 0),
    read(record) {
      const turns = names.turns(record);
      if (!isObject(record) || turns === null) {
        return rejected("not_sharegpt", "expected an object with conversations of turns with from and value");
      }
      const tools = readTools(names.get(record, "tools"));
      if (tools === "broken") return rejected(...BROKEN_TOOLS);
      const system = names.get(record, "system");
      const opening: DialogueTurn[] = typeof system === "string" ? [{ role: "system", text: system }] : [];
      const sourceId = asId(names.get(record, "id"));
      return readDialogue({ turns: readTurns(turns, opening), tools, sourceId });
    },
  };
}

/** Roles that OpenAI's format does not have tell this one from it. */
const OWN_ROLES = new Set(["human", "gpt", "function_call", "tool_call", "observation", "tool_response"]);

function detect(turns: NamedTurn[] | null, isNamed: boolean): string | null {
  if (turns === null || turns.every(({ role }) => role === null || role === "system")) return null;
  const own = turns
    .map(({ recorded }) => recorded.from ?? recorded.role)
    .find((from) => OWN_ROLES.has(String(from)));
  if (own !== undefined) return `turns of ${String(own)}`;
  if (turns.every(({ recorded }) => typeof recorded.from === "string")) return "turns with from";
  return isNamed ? "turns with the names that were given" : null;
}

function readTurns(turns: NamedTurn[], opening: DialogueTurn[]): DialogueTurn[] {
  const read = [...opening];
  for (const [index, turn] of turns.entries()) {
    const { role, text } = turn;
    if (role === "human") read.push({ role: "user", text });
    else if (role === "system") read.push({ role, text });
    else if (role === "observation") read.push(...readResults(text, read));
    else if (role === "function_call") read.push(...readCallTurn(text));
    else if (role === "gpt") read.push(...readSaid(text, turns[index + 1]?.role === "observation"));
  }
  return read;
}

function readCallTurn(text: string): DialogueTurn[] {
  const said = splitThinking(text);
  const tagged = splitTaggedCalls(said.text);
  if (tagged.calls.length > 0) return sayAssistant({ ...tagged, reasoning: said.thought });
  return sayAssistant({ text: "", calls: readCallOrFault(said.text), reasoning: said.thought });
}

/** A call may stand within what was said: in tags, or as JSON at its end where its result comes next. */
function readSaid(text: string, hasResult: boolean): DialogueTurn[] {
  const tagged = splitTaggedCalls(text);
  if (tagged.calls.length > 0) return sayAssistant(tagged);
  return sayAssistant((hasResult ? splitInlineCall(text) : null) ?? { text, calls: [] });
}

function splitInlineCall(text: string): { text: string; calls: ChatCall[] } | null {
  const at = text.search(/[[{]\s*(?:\{\s*)?["']name["']\s*:/);
  const calls = at < 0 ? null : readCallText(text.slice(at));
  return calls === null ? null : { text: text.slice(0, at).trim(), calls };
}
