import type { Example } from "../core/example.js";
import type { Profile, ThreadProfile } from "../core/profile.js";
import { parseThread } from "./parse-thread.js";
import { parseCallerText, parsePlannerText } from "./parse-turn.js";

interface PromptCompletion {
  prompt: string;
  completion: string;
}

/** TRL's prompt-completion rows: one for each trained text, its prompt being all that stands before it. */
export function toPromptCompletions(
  profile: Profile,
  example: Example,
  endOfTurn: string,
): PromptCompletion[] {
  const replace = (text: string): string => text.split(profile.endOfTurn).join(endOfTurn);
  const rows: PromptCompletion[] = [];
  let before = "";
  for (const { text, train } of example.segments) {
    if (train) rows.push({ prompt: replace(before), completion: replace(text) });
    before += text;
  }
  return rows;
}

interface ExportedMessage {
  role: "user" | "assistant" | "tool";
  content: string | null;
  tool_calls?: { id: string; type: "function"; function: { name: string; arguments: string } }[];
  tool_call_id?: string;
  weight?: 0 | 1;
}

interface ExportedChat {
  messages: ExportedMessage[];
  tools: { type: "function"; function: unknown }[];
}

/**
 * OpenAI's chat rows. A planner's turn and the call or answer after it become one assistant message, which has
 * weight 1 where any of the two is trained.
 */
export function toChat(profile: ThreadProfile, example: Example): ExportedChat {
  const { tools, turns } = parseThread(profile, example);
  const messages: ExportedMessage[] = [];
  let thought = { text: "", isTrained: false };
  let calls = 0;
  for (const { speaker, text, isTrained } of turns) {
    const weight = isTrained || thought.isTrained ? 1 : 0;
    if (speaker === "user") messages.push({ role: "user", content: text });
    else if (speaker === "observation")
      messages.push({ role: "tool", tool_call_id: `call_${calls}`, content: text });
    else if (speaker === "planner") {
      const planned = parsePlannerText(profile, text);
      if (planned.decision === "giveUp")
        messages.push({ role: "assistant", content: text, weight: isTrained ? 1 : 0 });
      thought = { text: planned.thought, isTrained };
    } else if (speaker === "caller") {
      calls += 1;
      const call = parseCallerText(profile, text) ?? { name: text, arguments: "{}" };
      const tool_calls = [{ id: `call_${calls}`, type: "function" as const, function: call }];
      messages.push({
        role: "assistant",
        content: thought.text === "" ? null : thought.text,
        tool_calls,
        weight,
      });
    } else {
      const content = [thought.text, text].filter((part) => part !== "").join("\n\n");
      messages.push({ role: "assistant", content, weight });
    }
    if (speaker !== "planner") thought = { text: "", isTrained: false };
  }
  return { messages, tools: tools.map((tool) => ({ type: "function", function: tool })) };
}
