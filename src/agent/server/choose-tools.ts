import type { AgentTool } from "../tool-box.js";
import { invalidRequest } from "./api-error.js";
import type { ChatRequest, FunctionTool, ToolChoice } from "./chat-request.js";
import { toAgentName } from "./client-tool-names.js";

/** Which tools the agent may use in this request, and what its planner has to decide; null leaves it free. */
interface ChosenTools {
  tools: AgentTool[];
  decision: "call" | "answer" | null;
}

export function chooseTools({ tools, toolChoice }: Pick<ChatRequest, "tools" | "toolChoice">): ChosenTools {
  const seen = new Set<string>();
  const offered = tools.map((tool, index) => {
    const agentTool = toAgentTool(tool);
    if (seen.has(agentTool.name)) {
      throw invalidRequest(`two tools are named ${tool.name}`, `tools[${index}].function.name`);
    }
    seen.add(agentTool.name);
    return agentTool;
  });
  return applyChoice(offered, toolChoice);
}

function applyChoice(offered: AgentTool[], choice: ToolChoice): ChosenTools {
  if (choice === "none") return { tools: offered, decision: "answer" };
  // Without tools there is nothing to call.
  if (choice === "auto") return { tools: offered, decision: offered.length === 0 ? "answer" : null };
  if (choice === "required") return { tools: demandSome(offered), decision: "call" };
  if ("allowed_tools" in choice) {
    const { mode, tools } = choice.allowed_tools;
    const named = tools.map((tool) => findNamed(offered, tool.function.name));
    return applyChoice(named, mode);
  }
  return { tools: [findNamed(offered, choice.function.name)], decision: "call" };
}

function demandSome(offered: AgentTool[]): AgentTool[] {
  if (offered.length === 0) throw invalidRequest("tool_choice required needs tools", "tool_choice");
  return offered;
}

function findNamed(offered: AgentTool[], name: string): AgentTool {
  const tool = offered.find((candidate) => candidate.name === toAgentName(name));
  if (tool === undefined)
    throw invalidRequest(`tool_choice names ${name}, which is not among the tools`, "tool_choice");
  return tool;
}

function toAgentTool({ name, description, parameters }: FunctionTool): AgentTool {
  return {
    name: toAgentName(name),
    description: description ?? "",
    parameters: parameters ?? { type: "object", properties: {} },
    source: "client",
    isRepeatable: false,
    isDestructive: false,
  };
}
