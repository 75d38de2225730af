import type { AgentTool, Observation, ToolBox } from "../src/agent/tool-box.js";

export interface ScriptedToolBox extends ToolBox {
  /** Every call that was run. */
  readonly called: { name: string; arguments: string }[];
}

/** A tool that takes any object. */
export function createTool(name: string, traits: Partial<AgentTool> = {}): AgentTool {
  return {
    name,
    description: `Does ${name}.`,
    parameters: { type: "object", properties: {} },
    source: "client",
    isRepeatable: true,
    isDestructive: false,
    ...traits,
  };
}

/** Tools that answer with what a test says; by default with their name and arguments. */
export function createScriptedToolBox(
  tools: readonly AgentTool[],
  run: (
    call: { name: string; arguments: string },
    index: number,
  ) => Observation | string | Promise<Observation> = (call) => `${call.name} says ${call.arguments}`,
): ScriptedToolBox {
  const called: ScriptedToolBox["called"] = [];
  return {
    tools,
    called,
    call: async (call) => {
      const index = called.push(call) - 1;
      const result = await run(call, index);
      return typeof result === "string" ? { text: result, isError: false } : result;
    },
    close: async () => undefined,
  };
}
