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
}

/** What all formats come to: an instruction, tools, and messages that become steps checked against the tools. */
export function readChat({ instruction, tools, messages, textAlone, sourceId }: Chat): ReadTrajectory {
  const toolNames = tools === null ? null : new Set(tools.map((tool) => tool.name));
  const { steps, lost } = buildSteps(messages, { toolNames, textAlone });
  const trajectory = { instruction, tools: tools ?? [], steps };
  return { kind: "trajectory", trajectory, sourceId, hasTools: tools !== null, lost };
}
