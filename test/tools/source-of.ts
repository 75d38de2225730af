import type { SourceTool, ToolSource } from "../../src/agent/tools/tool-source.js";

type Given = Partial<SourceTool> & Pick<SourceTool, "name">;

/** A tool that says what it was called with. */
export function toolOf(given: Given): SourceTool {
  return {
    description: "",
    parameters: { type: "object" },
    isRepeatable: false,
    isDestructive: false,
    isChecked: true,
    run: async ({ values }) => ({ text: JSON.stringify(values), isError: false }),
    ...given,
  };
}

/** A source of such tools. */
export function sourceOf(tools: Given[], given: Partial<ToolSource> = {}): ToolSource {
  return {
    name: "module:test.mjs",
    limits: { timeoutSeconds: null, maxCharacters: null },
    tools: tools.map(toolOf),
    close: async () => {},
    ...given,
  };
}
