import { describeValue, failure } from "./describe-result.js";
import { fetchAnswer } from "./http-answer.js";
import type { SourceLimits, SourceTool, ToolArguments, ToolSource } from "./tool-source.js";
import type { VirtualTool } from "./virtual-tools.js";

export interface VirtualSettings {
  /** Of the endpoint itself: `http://127.0.0.1:8080/virtual`. */
  url: URL;
  tools: readonly VirtualTool[];
  toolbenchKey: string;
  maxBytes: number;
  limits: SourceLimits;
}

/** ToolBench's service and StableToolBench's virtual API server: `POST {category, tool_name, api_name, tool_input, …}`. */
export function createVirtualSource(settings: VirtualSettings): ToolSource {
  return {
    name: `virtual:${settings.url.host}`,
    tools: settings.tools.map((tool) => toTool(tool, settings)),
    limits: settings.limits,
    close: async () => {},
  };
}

function toTool(
  { name, description, parameters, isRepeatable, address }: VirtualTool,
  settings: VirtualSettings,
): SourceTool {
  return {
    name,
    description,
    parameters,
    isRepeatable,
    isDestructive: false,
    // The documents' types are often wrong, and the service judges for itself.
    isChecked: false,
    run: (call, signal) => post(settings, { ...address, ...inputOf(call, settings) }, signal),
  };
}

const inputOf = ({ text, values }: ToolArguments, { toolbenchKey }: VirtualSettings) => ({
  tool_input: text.trim() === "" ? JSON.stringify(values) : text,
  strip: "truncate",
  toolbench_key: toolbenchKey,
});

async function post({ url, maxBytes }: VirtualSettings, body: object, signal: AbortSignal) {
  const init = {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
  const answer = await fetchAnswer({ url, init, signal, maxBytes });
  if (answer.status !== 200)
    return failure(`the tool server answered ${answer.status} ${answer.statusText}`.trim());
  try {
    return describeValue(JSON.parse(answer.text ?? ""));
  } catch {
    return failure("the tool server's answer is not valid JSON");
  }
}
