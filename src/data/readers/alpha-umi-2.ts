import { splitActionText } from "./action-text.js";
import type { ChatCall, ChatMessage } from "./chat-steps.js";
import { readChat } from "./read-chat.js";
import { asId, isObject, type JsonObject, type RecordReader, rejected } from "./reader.js";
import { readAlphaUmiTools } from "./tools.js";

/** α-UMi's second stage: `{tools, instruction, conversations}` with turns from user, assistant, caller, observation, conclusion. */
export const alphaUmi2: RecordReader = {
  format: "alpha-umi-2",
  gives: {
    planner: "what to do next, thoughts where they were recorded, and giving up",
    caller: "every call",
    summarizer: "the answer that a conversation ends with",
  },
  lacks: "The reference has lost API errors and texts without a call; its stage 1 has them.",
  detect(record) {
    if (!isObject(record) || !Array.isArray(record.conversations)) return null;
    const roles = (record.conversations as unknown[]).map((turn) => (isObject(turn) ? turn.from : null));
    if (roles.includes("caller")) return "conversations with caller";
    const isOwn = typeof record.instruction === "string" && !roles.includes("gpt");
    return isOwn ? "instruction and conversations" : null;
  },
  read(record) {
    if (!isObject(record) || !Array.isArray(record.conversations)) {
      return rejected("not_alpha_umi_2", "expected an object with tools, instruction and conversations");
    }
    const turns = (record.conversations as unknown[]).filter(isObject);
    const first = turns[0]?.from === "user" ? turns[0] : undefined;
    const instruction =
      textOf(first ?? {}) || (typeof record.instruction === "string" ? record.instruction.trim() : "");
    if (instruction === "") return rejected("no_instruction", "instruction is empty");
    const tools = readAlphaUmiTools(record.tools);
    const messages = readTurns(turns.slice(first === undefined ? 0 : 1));
    return readChat({ instruction, tools, messages, textAlone: "thought", sourceId: asId(record.id) });
  },
};

/** At the end of a text that was trimmed. */
const MARKER = /Next: (caller|conclusion|give up)\.$/;

/** An assistant turn holds the thought alone: its act is the turn after it, or the words that give up. */
function readTurns(turns: JsonObject[]): ChatMessage[] {
  return turns.flatMap((turn, index): ChatMessage[] => {
    const text = textOf(turn);
    switch (turn.from) {
      case "user":
        return [{ role: "user", text }];
      case "observation":
        return [{ role: "result", text, callId: null }];
      case "caller":
        return [{ role: "assistant", text: "", calls: [readCaller(text)] }];
      case "conclusion":
        // "none" is what the reference writes where an answer is missing.
        return [finish({ return_type: "give_answer", final_answer: text === "none" ? "" : text }, "")];
      case "assistant": {
        const thought = text.replace(MARKER, "").trim();
        const next = turns[index + 1]?.from;
        const givesUp = MARKER.exec(text)?.[1] === "give up" && next !== "caller" && next !== "conclusion";
        return [
          givesUp
            ? finish({ return_type: "give_up_and_restart" }, thought)
            : { role: "assistant", text: thought, calls: [] },
        ];
      }
      default:
        return [];
    }
  });
}

function finish(recorded: JsonObject, text: string): ChatMessage {
  return { role: "assistant", text, calls: [{ id: null, name: "Finish", arguments: recorded }] };
}

function readCaller(text: string): ChatCall {
  const action = splitActionText(text);
  return { id: null, name: action?.name ?? "", arguments: action?.arguments ?? text };
}

function textOf(turn: JsonObject): string {
  return typeof turn.value === "string" ? turn.value.trim() : "";
}
