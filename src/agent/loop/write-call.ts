import type { Step, ToolCall } from "../../core/trajectory.js";
import { readCallerText } from "../../prompts/read-turn.js";
import type { AgentEvent } from "../agent-event.js";
import type { AgentTool } from "../tool-box.js";
import { askRole } from "./ask-role.js";
import type { Session } from "./session.js";

type WrittenCall =
  | { call: ToolCall; tool: AgentTool }
  /** It cannot be run: what the planner is told, and why nobody should learn from it. */
  | { call: ToolCall; tool: null; error: string; untrained: string };

/** Lets the caller write a call; the name is one of the tools' where it can be told which one was meant. */
export async function* writeCall(
  session: Session,
  question: { steps: readonly Step[]; thought: string },
): AsyncGenerator<AgentEvent, WrittenCall> {
  const { model, tools, maxAttempts } = session.options;
  let written = "";
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const { text } = yield* askRole(session, { role: "caller", ...question, attempt });
    const call = readCallerText(model.profile, text);
    if (call !== null) return yield* checkCall(session, findTool(tools, call.name), call);
    if (written === "") written = text;
    yield { type: "warned", ...session.at, message: "the caller wrote no call" };
  }
  const call = { name: written, arguments: "" };
  return { call, tool: null, error: "this is not a call of a tool", untrained: "unreadable_call" };
}

/** The tool of that name, else the only one whose name ends so. */
function findTool(tools: readonly AgentTool[], name: string): AgentTool | null {
  const exact = tools.find((tool) => tool.name === name);
  if (exact !== undefined || name === "") return exact ?? null;
  const [first, ...others] = tools.filter((tool) => tool.name.endsWith(name));
  return others.length === 0 ? (first ?? null) : null;
}

async function* checkCall(
  session: Session,
  tool: AgentTool | null,
  call: ToolCall,
): AsyncGenerator<AgentEvent, WrittenCall> {
  if (tool === null) {
    return { call, tool, error: `there is no tool named ${call.name}`, untrained: "hallucinated_call" };
  }
  if (tool.name !== call.name) {
    const message = `the caller wrote ${call.name}, taken to mean ${tool.name}`;
    yield { type: "warned", ...session.at, message, note: "name_completed" };
  }
  const named = { name: tool.name, arguments: call.arguments === "" ? "{}" : call.arguments };
  if (isJsonObject(named.arguments)) return { call: named, tool };
  return {
    call: named,
    tool: null,
    error: "the arguments are not a JSON object",
    untrained: "broken_arguments",
  };
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
