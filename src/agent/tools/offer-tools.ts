import { MllmError } from "../../core/errors.js";
import type { ToolBox } from "../tool-box.js";

/** The same tools, of which only these are seen, in this order; closing it closes nothing. Throws bad_input. */
export function offerTools(toolBox: ToolBox, names: readonly string[] | null): ToolBox {
  const close = async () => {};
  if (names === null)
    return { tools: toolBox.tools, call: (call, options) => toolBox.call(call, options), close };
  const known = new Map(toolBox.tools.map((tool) => [tool.name, tool]));
  const tools = names.map((name) => {
    const tool = known.get(name);
    if (tool !== undefined) return tool;
    throw new MllmError("bad_input", `a question asks for the tool ${name}, which there is not`, {
      hint: `Tools: ${[...known.keys()].slice(0, MOST_NAMES).join(", ")}${known.size > MOST_NAMES ? ", …" : ""}.`,
    });
  });
  return { tools, call: (call, options) => toolBox.call(call, options), close };
}

const MOST_NAMES = 50;
