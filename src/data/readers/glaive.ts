import { splitTaggedCalls } from "./call-text.js";
import { type DialogueTurn, readDialogue, sayAssistant } from "./dialogue.js";
import { asId, isObject, type RecordReader, rejected } from "./reader.js";
import { BROKEN_TOOLS, readTools } from "./tools.js";

/** Glaive's function calling v2 as published: `system` with the tools, and the whole dialogue in one text, `chat`. */
export const glaive: RecordReader = {
  format: "glaive",
  gives: {
    planner: "what to do next; thoughts only where a text stands before a call",
    caller: "every call",
    summarizer: "every text before the user's next turn",
  },
  lacks: "Most of these records hold no thoughts, and nobody gives up.",
  detect: (record) =>
    isObject(record) && typeof record.system === "string" && typeof record.chat === "string"
      ? "system and chat"
      : null,
  read(record) {
    if (!isObject(record) || typeof record.chat !== "string") {
      return rejected("not_glaive", "expected an object with the texts system and chat");
    }
    const system = typeof record.system === "string" ? record.system : "";
    const start = system.indexOf("{");
    const tools = start < 0 ? [] : readTools(system.slice(start));
    if (tools === "broken") return rejected(...BROKEN_TOOLS);
    return readDialogue({ turns: readTurns(record.chat), tools, sourceId: asId(record.id) });
  },
};

/** "A:" also stands in answers, before a line of their own. */
const SPEAKER = /(?:^|\n)(USER|ASSISTANT|FUNCTION RESPONSE):|(?:^|\n\n\n)(A):/g;

function readTurns(chat: string): DialogueTurn[] {
  const found = [...chat.matchAll(SPEAKER)];
  return found.flatMap((match, index): DialogueTurn[] => {
    const spoken = chat.slice(match.index + match[0].length, found[index + 1]?.index);
    if (match[1] === "USER") return [{ role: "user", text: withoutEnd(spoken) }];
    if (match[1] === "FUNCTION RESPONSE") return [{ role: "result", text: withoutEnd(spoken), callId: null }];
    const { text, calls } = splitTaggedCalls(spoken);
    return sayAssistant({ text: withoutEnd(text), calls });
  });
}

function withoutEnd(text: string): string {
  return text.replaceAll("<|endoftext|>", "").trim();
}
