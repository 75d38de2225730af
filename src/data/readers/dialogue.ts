import type { Tool } from "../../core/trajectory.js";
import type { ChatCall, ChatMessage } from "./chat-steps.js";
import { readChat } from "./read-chat.js";
import { type ReadResult, rejected } from "./reader.js";

/** A message, wherever it stands in a dialogue. */
export type DialogueTurn = ChatMessage | { role: "system"; text: string };

interface Dialogue {
  turns: DialogueTurn[];
  tools: Tool[] | null;
  sourceId: string | null;
}

/** A dialogue is an instruction, all that stands up to the first user's turn, and what comes after; a text without a call is an answer. */
export function readDialogue({ turns, tools, sourceId }: Dialogue): ReadResult {
  const first = turns.findIndex((turn) => turn.role === "user");
  const opening = turns.slice(0, first + 1);
  if (first < 0) return rejected("no_instruction", "no message of the user");
  if (opening.some((turn) => turn.role === "assistant")) {
    return rejected("starts_with_assistant", "an assistant message stands before the first user message");
  }
  const results = opening.filter((turn) => turn.role === "result");
  const instruction = opening
    .filter((turn) => turn.role !== "result")
    .map((turn) => turn.text.trim())
    .filter((text) => text !== "")
    .join("\n\n");
  if (instruction === "") return rejected("no_instruction", "the first user message is empty");
  const messages = [...results, ...turns.slice(first + 1)]
    // An instruction in mid-dialogue is part of what the agent has to obey.
    .map((turn): ChatMessage => (turn.role === "system" ? { role: "user", text: turn.text } : turn));
  const question = first > 0 ? turns[first]?.text.trim() : undefined;
  return readChat({ instruction, tools, messages, textAlone: "answer", sourceId, question });
}

interface Said {
  text: string;
  calls: ChatCall[];
  reasoning?: string;
  untrained?: string | undefined;
}

/** What an assistant said, with the reasoning that stands beside it or in `<think>` before it. */
export function sayAssistant({ text, calls, reasoning = "", untrained }: Said): ChatMessage[] {
  const said = splitThinking(text);
  const thoughts = [reasoning.trim(), said.thought].filter((part) => part !== "");
  const mark = untrained === undefined ? {} : { untrained };
  if (calls.length > 0) {
    const whole = [...thoughts, said.text].filter((part) => part !== "").join("\n");
    return [{ role: "assistant", text: whole, calls, ...mark }];
  }
  const answer: ChatMessage = { role: "assistant", text: said.text, calls, ...mark };
  return thoughts.length === 0 ? [answer] : [{ ...answer, text: thoughts.join("\n") }, answer];
}

/** Templates that open `<think>` themselves leave only its end in the text. */
export function splitThinking(text: string): { thought: string; text: string } {
  const said = text.trim();
  const end = said.indexOf("</think>");
  if (end < 0) return { thought: "", text: said };
  const start = said.startsWith("<think>") ? "<think>".length : 0;
  if (start === 0 && said.slice(0, end).includes("<think>")) return { thought: "", text: said };
  return { thought: said.slice(start, end).trim(), text: said.slice(end + "</think>".length).trim() };
}
