import type { Tool } from "../../core/trajectory.js";
import { buildSteps, type ChatMessage } from "./chat-steps.js";
import type { ReadTrajectory } from "./reader.js";

interface Chat {
  instruction: string;
  /** Null where the record does not say which tools there were. */
  tools: Tool[] | null;
  messages: ChatMessage[];
  /** What a text without a call is: see buildSteps. */
  textAlone: "thought" | "answer";
  sourceId: string | null;
  /** What the user asked, where the instruction holds more than that. */
  question?: string | undefined;
}

/** What all formats come to: an instruction, tools, and messages that become steps checked against the tools. */
export function readChat(chat: Chat): ReadTrajectory {
  const { instruction, tools, messages, textAlone, sourceId, question } = chat;
  // An empty list beside calls says as little as none.
  const isListed = tools !== null && (tools.length > 0 || !messages.some(isToolCall));
  const toolNames = isListed ? new Set(tools.map((tool) => tool.name)) : null;
  const { steps, ...found } = buildSteps(messages, { toolNames, textAlone });
  const trajectory = { instruction, tools: tools ?? [], steps };
  const asked = question === undefined ? {} : { question };
  return { kind: "trajectory", trajectory, sourceId, hasTools: isListed, ...asked, ...found };
}

function isToolCall(message: ChatMessage): boolean {
  return message.role === "assistant" && message.calls.some((call) => call.name !== "Finish");
}
